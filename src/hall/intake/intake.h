/* The regulator's lists come in: checked, verified, taken whole or not at all (requirements §10.8).
 *
 * An imported file goes to the ca as outbox row "ca.batch" {file, signature, format}; its rows become
 * institutions, accounts and authorisation codes. Whether an account's order allows a correction is asked of
 * `hooks`, because orders come later in the order of concepts than intake. */
#ifndef CERTHALL_HALL_INTAKE_H
#define CERTHALL_HALL_INTAKE_H

#include "hall/hall.h"
#include "hall/outbox/outbox.h"
#include "reglist/reglist.h"

struct intake_hooks {
    /* May this account's order still be corrected or withdrawn? ERR_OK, or why not (becomes a problem of the row). */
    enum err (*may)(struct hall_tx *tx, int64_t account, enum reglist_action action,
                    struct err_info *e);
    /* It was done: C5 order re-checks, C6 open order stops. */
    enum err (*done)(struct hall_tx *tx, int64_t account, enum reglist_action action,
                     struct err_info *e);
};

/* The regulator's certificate for a project, PEM or DER. ERR_INTAKE_CERTIFICATE. */
NODISCARD enum err intake_set_regulator(struct hall_tx *tx, const char *project,
                                        struct bytes certificate, struct err_info *e);
struct intake_regulator {
    const char *subject, *fingerprint; /* hex SHA-256 of the DER */
    int64_t entered_at, not_after;
    struct bytes certificate;
};
NODISCARD enum err intake_get_regulator(struct hall_tx *tx, const char *project,
                                        struct intake_regulator *out,
                                        struct err_info *e); /* ERR_INTAKE_NO_REGULATOR */

struct intake_override {
    int number; /* of the row */
    const char *column;
    const char *reason; /* 4 to 200 characters */
};
struct intake_file {
    const char *project;
    const char *name; /* of the file, for the list */
    struct bytes content, signature;
    const struct intake_override *overrides;
    size_t overrides_n;
    const struct reglist *list; /* what stands in it: intake_read */
};
/* Have the file's content read, apart from this process and before any transaction: it may take seconds. Borrowed from the
 * arena. Errors of reglist_read_apart. */
NODISCARD enum err intake_read(const struct hall *h, struct arena *a, struct intake_file *f,
                               struct err_info *e);
struct intake_report {
    const char *batch; /* hex SHA-256 of the file */
    int again;         /* 1: this very file was imported before; nothing was done */
    int rows, added, corrected, withdrawn;
    const char *encoding;                   /* "UTF-8", "GB18030"; "" where `again` */
    const struct reglist_row *list;         /* the `rows` that would be taken; NULL where `again` */
    const struct reglist_problem *problems; /* all of them; overridden warnings not among them */
    size_t problems_n;
    size_t errors;
    const char *signer; /* subject of the certificate; "" when the signature was not looked at */
};
/* What an import would do with a file that was read; writes nothing. ERR_OK also with problems. */
NODISCARD enum err intake_check(struct hall_tx *tx, const struct intake_file *f,
                                struct intake_report *out, struct err_info *e);
/* ERR_INTAKE_PROBLEMS{count} with the report filled and nothing taken; ERR_INTAKE_SIGNATURE{why}. */
NODISCARD enum err intake_import(struct hall_tx *tx, const struct intake_file *f,
                                 struct intake_report *out, struct err_info *e);

struct intake_batch {
    int64_t id, at;
    const char *project, *batch, *name, *by;
    int rows, added, corrected, withdrawn;
    const char *ca_state; /* "waiting", "taken", "refused" */
};
NODISCARD enum err intake_batches(struct hall_tx *tx, const char *project, int64_t before,
                                  int limit, const struct intake_batch **out, size_t *n,
                                  struct err_info *e);

/* The evidence "regulator" of an account: the newest signed row that says its subject. */
struct intake_evidence {
    const char *batch; /* hex */
    int row;
    const char *institution_name, *reporting_code,
        *user_name; /* as signed: what the certificate will say */
};
NODISCARD enum err intake_evidence(struct hall_tx *tx, int64_t account, struct intake_evidence *out,
                                   struct err_info *e);

/* The outbox kind "ca.batch", for outbox_start. It never gives up on a ca that is away; a batch that the ca refuses is a
 * task for the business administrator, and outbox_again sends it once more. */
struct outbox_kind intake_kind(void);
/* A batch that the ca refused, once more; its key may have been entered since. ERR_ORDER_STATE where it was not refused.
 * Act in the audit: intake.again. */
NODISCARD enum err intake_send_again(struct hall_tx *tx, int64_t id, struct err_info *e);
/* Note what the ca said of a batch (hex). */
NODISCARD enum err intake_ca_answered(struct hall_tx *tx, const char *batch, int taken,
                                      struct err_info *e);

#endif
