/* The hall's call for many certificates at once. */
#include "ca/api_priv.h"

#include <string.h>

static enum err refuse(struct err_info *e, const char *field, const char *why)
{
    err_set(e, ERR_BAD_REQUEST, field, NULL);
    err_arg(e, "why", "%s: %s", field, why);
    return ERR_BAD_REQUEST;
}

static enum err read_change(const json_t *in, struct ca_change_in *out, struct err_info *e)
{
    static const char *const name[] = {
        [CA_HOLD] = "hold", [CA_RELEASE] = "release", [CA_REVOKE] = "revoke"};
    const char *change, *since = json_opt_text(in, "invalid_since", NULL);
    size_t i = 0;
    TRY(json_get_text(in, "change", &change, e));
    TRY(json_get_text(in, "actor", &out->actor, e));
    out->second = json_opt_text(in, "second_actor", NULL);
    while (i < 3 && strcmp(name[i], change) != 0)
        i++;
    if (i == 3)
        return refuse(e, "change", "must be hold, release or revoke");
    out->change = (enum ca_change)i;
    if (out->change == CA_REVOKE &&
        !crl_reason_from_text(json_opt_text(in, "reason", ""), &out->reason))
        return refuse(e, "reason", "must be a CRLReason of RFC 5280 5.3.1");
    return !since || time_parse_rfc3339(since, &out->invalid_since)
               ? ERR_OK
               : refuse(e, "invalid_since", "not a time as RFC 3339 writes it");
}

static enum err read_serials(const json_t *in, struct arena *a, struct ca_mass_in *out,
                             struct err_info *e)
{
    const json_t *list = json_object_get(in, "serials");
    size_t n = json_array_size(list);
    if (n == 0 || n > CA_MASS_MAX)
        return refuse(e, "serials", "must be a list of 1 to 10000");
    const char **serial = arena_alloc(a, n * sizeof *serial);
    for (size_t i = 0; i < n; i++) {
        serial[i] = json_string_value(json_array_get(list, i));
        if (!serial[i])
            return refuse(e, "serials", "each must be a text");
    }
    out->serial = serial;
    out->n = n;
    return ERR_OK;
}

static void put_report(struct json_out *j, const char *request_id, const struct ca_mass *m)
{
    jout_object(j, NULL);
    jout_text(j, "request_id", request_id);
    jout_int(j, "done", (int64_t)m->done);
    jout_int(j, "refused", (int64_t)m->refused);
    jout_int(j, "open", (int64_t)m->open);
    jout_list(j, "items");
    for (size_t i = 0; i < m->n; i++) {
        jout_object(j, NULL);
        jout_text(j, "serial", m->item[i].serial);
        jout_text(j, "result", *m->item[i].result ? m->item[i].result : "open");
        jout_int(j, "seq", m->item[i].seq);
        jout_end(j);
    }
    jout_end(j);
    jout_end(j);
}

static enum err change_many(struct httpd_request *r, struct httpd_reply *reply, void *app,
                            struct err_info *e)
{
    const struct ca_api *api = app;
    const json_t *in;
    struct ca_mass_in mass = {0};
    struct ca_mass done;
    TRY(httpd_json(r, &in, e));
    TRY(json_get_text(in, "request_id", &mass.request_id, e));
    TRY(read_change(in, &mass.change, e));
    TRY(read_serials(in, r->arena, &mass, e));
    TRY(ca_change_many(api->ca, &mass, r->arena, &done, e));
    struct json_out j;
    httpd_reply_json(reply, &j);
    put_report(&j, mass.request_id, &done);
    return ERR_OK;
}

const struct httpd_route ca_mass_routes[] = {
    {"POST", "/ca/v1/changes", change_many, CA_SOCKET_HALL, 1 << 20, 0},
};
const size_t ca_mass_route_count = sizeof ca_mass_routes / sizeof *ca_mass_routes;
