/* The outbox kind "ca.batch": each list once to the ca, with the bytes as they came. */
#include "hall/intake/intake.h"

#include "base/boundary.h"
#include "base/json.h"
#include "hall/authority/ca_client.h"
#include "hall/outbox/outbox.h"

#include <string.h>

enum { SIGNATURE_MAX = 64 * 1024 };

static enum err deliver(const struct hall *h, const struct outbox_row *row, struct arena *a,
                        const char **answer, void *arg, struct err_info *e)
{
    const char *project, *format, *batch;
    struct bytes file, signature;
    _auto_json j = NULL;
    (void)arg;
    TRY(json_parse(row->body, strlen(row->body), &j, e));
    TRY(json_get_text(j, "project", &project, e));
    TRY(json_get_text(j, "format", &format, e));
    TRY(json_get_text(j, "batch", &batch, e));
    TRY(json_get_base64(j, "file", REGLIST_BYTES_MAX, a, &file, e));
    TRY(json_get_base64(j, "signature", SIGNATURE_MAX, a, &signature, e));
    TRY(ca_client_batch(h->ca, project, format, file, signature, a, answer, e));
    boundary(BOUNDARY_HALL_BATCH_SENT);
    if (strcmp(*answer, batch) != 0)
        return err_set(e, ERR_INTERNAL, NULL, "the ca calls batch %s %s", batch, *answer);
    return ERR_OK;
}

static enum err settle(struct hall_tx *tx, const struct outbox_row *row, const char *answer,
                       void *arg, struct err_info *e)
{
    (void)row;
    (void)arg;
    return intake_ca_answered(tx, answer, 1, e);
}

static enum err failed(struct hall_tx *tx, const struct outbox_row *row, const struct err_info *why,
                       void *arg, struct err_info *e)
{
    const char *batch;
    _auto_json j = NULL;
    (void)why;
    (void)arg;
    TRY(json_parse(row->body, strlen(row->body), &j, e));
    TRY(json_get_text(j, "batch", &batch, e));
    return intake_ca_answered(tx, batch, 0, e);
}

struct outbox_kind intake_kind(void)
{
    return (struct outbox_kind){
        .kind = "ca.batch", .deliver = deliver, .settle = settle, .failed = failed};
}
