/* A file that came as an archive or as a bare CSV: what comes out of it is text within the limit.
 */
#include "fuzz.h"

#include "mail/extract.h"

enum { MOST = 1024 * 1024 }; /* bytes that anything may unpack to */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buffer raw = {.limit = 0};
    struct buffer csv = {.limit = MOST};
    struct failure failure = {""};
    struct charset_warning warning;
    require(buffer_append(&raw, data, size));
    enum status status = extract_from_file(&raw, &csv, &warning, &failure);
    require(csv.length <= MOST && (status == STATUS_OK) == (failure.text[0] == '\0'));
    if (status == STATUS_OK)
        require(csv.length > 0 && utf8_valid(csv.bytes, csv.length, NULL));
    buffer_free(&raw);
    buffer_free(&csv);
    return 0;
}
