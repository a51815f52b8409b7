/* The value of an Authentication-Results field. */
#include "fuzz.h"

#include "mail/auth_results.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct auth_results *results = NULL;
    struct failure failure = {""};
    char *value = make_text(data, size);
    enum status status = auth_results_parse(value, &results, &failure);
    require((status == STATUS_OK) == (results != NULL));
    if (results != NULL) {
        require(results->server != NULL && results->count <= AUTH_RESULTS_MOST);
        size_t count = 0;
        for (size_t i = 0; i < results->count; i++) {
            require(results->results[i].method != NULL && results->results[i].result != NULL);
            count += auth_results_count(results, results->results[i].method) > 0;
        }
        require(count == results->count);
    }
    auth_results_free(results);
    free(value);
    return 0;
}
