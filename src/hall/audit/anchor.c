/* Heads of the chains, and what the ca was told of them. */
#include "hall/audit/audit.h"

#include "base/json.h"
#include "base/text.h"
#include "hall/audit/audit_sql.h"
#include "store/store.h"

#include <string.h>

enum err audit_heads(struct hall_tx *tx, struct audit_heads *out, struct err_info *e)
{
    struct store_rows rows;
    *out = (struct audit_heads){0};
    TRY(store_many(tx->db, &Q_audit_chain_all, NO_PARAMS, tx->arena, &rows, e));
    for (size_t i = 0; i < rows.n; i++) {
        int64_t chain = row_int(&rows.row[i], "chain");
        struct bytes hash = row_blob(&rows.row[i], "hash");
        if (chain < 0 || chain >= AUDIT_CHAINS)
            continue;
        out->chain[chain].n = row_int(&rows.row[i], "n");
        if (hash.n == AUDIT_HASH_LEN)
            memcpy(out->chain[chain].hash, hash.p, AUDIT_HASH_LEN);
    }
    return ERR_OK;
}

enum err audit_heads_json(struct arena *a, const struct audit_heads *h, const char **json,
                          struct err_info *e)
{
    struct json_out j;
    _auto_buf b;
    buf_init(&b, 16384);
    jout_init(&j, &b);
    jout_object(&j, NULL);
    jout_list(&j, "heads");
    for (int i = 0; i < AUDIT_CHAINS; i++) {
        jout_object(&j, NULL);
        jout_int(&j, "chain", i);
        jout_id(&j, "n", h->chain[i].n);
        jout_text(&j, "hash",
                  h->chain[i].n ? text_hex(a, (struct bytes){h->chain[i].hash, AUDIT_HASH_LEN})
                                : "");
        jout_end(&j);
    }
    jout_end(&j);
    jout_end(&j);
    if (b.full)
        return err_set(e, ERR_INTERNAL, NULL, "heads are too long");
    *json = arena_text(a, buf_cstr(&b));
    return ERR_OK;
}

static enum err parse_head(const json_t *h, struct audit_heads *out, struct arena *a,
                           struct err_info *e)
{
    int64_t chain, n;
    const char *hex;
    struct bytes hash = {NULL, 0};
    TRY(json_get_int(h, "chain", &chain, e));
    TRY(json_get_id(h, "n", &n, e));
    TRY(json_get_text(h, "hash", &hex, e));
    if (chain < 0 || chain >= AUDIT_CHAINS || !text_from_hex(a, hex, &hash) ||
        hash.n != (n ? (size_t)AUDIT_HASH_LEN : 0))
        return err_set(e, ERR_BAD_REQUEST, "heads", "not a head of a chain");
    out->chain[chain].n = n;
    if (n)
        memcpy(out->chain[chain].hash, hash.p, AUDIT_HASH_LEN);
    return ERR_OK;
}

enum err audit_heads_parse(const char *json, struct audit_heads *out, struct err_info *e)
{
    _auto_json j = NULL;
    _auto(arena) a = arena_new();
    size_t i;
    json_t *h;
    *out = (struct audit_heads){0};
    TRY(json_parse(json, strlen(json), &j, e));
    json_array_foreach (json_object_get(j, "heads"), i, h)
        TRY(parse_head(h, out, a, e));
    return ERR_OK;
}

enum err audit_anchor_store(struct hall_tx *tx, const struct audit_heads *told, const char *ca_head,
                            struct err_info *e)
{
    const char *heads;
    TRY(audit_heads_json(tx->arena, told, &heads, e));
    TRY(store_exec(
        tx->db, &Q_audit_anchor_add,
        PARAMS(P_INT(hall_new_id(tx->hall)), P_INT(tx->machine), P_TEXT(heads), P_TEXT(ca_head)),
        NULL, e));
    return store_exec(tx->db, &Q_audit_anchor_prune, NO_PARAMS, NULL, e);
}

enum err audit_anchor_last(struct hall_tx *tx, struct audit_anchor *out, struct err_info *e)
{
    const struct store_row *row;
    *out = (struct audit_anchor){.ca_head = ""};
    TRY(store_opt(tx->db, &Q_audit_anchor_last, NO_PARAMS, tx->arena, &row, e));
    if (!row)
        return ERR_OK;
    out->at = row_int(row, "at");
    out->ca_head = row_text(row, "ca_head");
    return audit_heads_parse(row_text(row, "heads"), &out->heads, e);
}
