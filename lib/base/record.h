/*
 * What the roster adds to a change record's row, and the programs between the roster's two ends
 * read there (an-sync-records(5)).
 */
#ifndef RECORD_H
#define RECORD_H

/* The columns that roster-dump adds behind the row's own, and that are never stored in a row. */
#define ROSTER_ID_COLUMN "action_network_id"
#define ROSTER_MAP_COLUMN "action_network_map"

/* What stands before the digest of a member of whom a change was begun: whether Action Network has
 * it is not known. The second one, when that was a change of address. And in place of a digest,
 * where before that change there was nobody: then the id, where there is one, is that of the person
 * who may have been moved there. */
#define ROSTER_BEGUN "begun-"
#define ROSTER_BEGUN_MOVE ROSTER_BEGUN "moved-"
#define ROSTER_BEGUN_NEW ROSTER_BEGUN "new"

#endif
