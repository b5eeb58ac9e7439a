/* Whose signature counts: the certificate entered for the project, and no other (no path is built). */
#include "hall/intake/intake_priv.h"

#include "base/text.h"
#include "hall/audit/audit.h"
#include "hall/intake/intake_sql.h"
#include "pki/cert.h"
#include "pki/cms.h"
#include "pki/digest.h"
#include "store/store.h"

#include <string.h>

static const char *why_of(const struct err_info *e)
{
    for (int i = 0; i < e->args; i++)
        if (strcmp(e->arg[i].name, "why") == 0)
            return e->arg[i].value;
    return err_code_text(e->code);
}

static enum err refused(struct err_info *e, enum err code, const char *field, const char *why)
{
    struct err_info said = {0};
    err_set(&said, code, field, "%s", why);
    err_arg(&said, "why", "%s", why);
    *e = said;
    return code;
}

enum err intake_set_regulator(struct hall_tx *tx, const char *project, struct bytes certificate,
                              struct err_info *e)
{
    struct bytes der;
    struct cert_view view;
    if (cert_decode(certificate, tx->arena, &der, e) != ERR_OK ||
        cert_view(der, tx->arena, &view, e) != ERR_OK)
        return refused(e, ERR_INTAKE_CERTIFICATE, "certificate", why_of(e));
    if (view.alg == 0 || view.alg == PKI_SM2)
        return refused(e, ERR_INTAKE_CERTIFICATE, "certificate", "P-256, RSA-2048, RSA-3072");
    if (view.not_after <= tx->now)
        return refused(e, ERR_INTAKE_CERTIFICATE, "certificate",
                       time_rfc3339(tx->arena, view.not_after));
    TRY(store_exec(tx->db, &Q_intake_regulator_set,
                   PARAMS(P_TEXT(project), P_BLOB(der), P_INT(tx->now)), NULL, e));
    struct audit_entry x = {
        .act = "intake.regulator",
        .object = arena_fmt(tx->arena, "project:%s", project),
        .new_value = arena_fmt(tx->arena, "%s %s", view.subject_text, view.serial)};
    return audit_write(tx, &x, e);
}

enum err intake_get_regulator(struct hall_tx *tx, const char *project, struct intake_regulator *out,
                              struct err_info *e)
{
    const struct store_row *row;
    struct cert_view view;
    uint8_t print[DIGEST_LEN];
    TRY(store_opt(tx->db, &Q_intake_regulator_get, PARAMS(P_TEXT(project)), tx->arena, &row, e));
    if (!row)
        return err_set(e, ERR_INTAKE_NO_REGULATOR, NULL, "project %s", project);
    struct bytes der = row_blob(row, "certificate");
    TRY(cert_view(der, tx->arena, &view, e));
    digest_sha256(der, print);
    *out = (struct intake_regulator){
        .subject = view.subject_text,
        .fingerprint = text_hex(tx->arena, (struct bytes){print, sizeof print}),
        .entered_at = row_int(row, "entered_at"),
        .not_after = view.not_after,
        .certificate = der};
    return ERR_OK;
}

enum err intake_verify(struct intake_run *run, struct err_info *e)
{
    struct intake_regulator regulator;
    struct cms_report report;
    TRY(intake_get_regulator(run->tx, run->file->project, &regulator, e));
    if (cms_verify_detached(run->file->signature, run->file->content, regulator.certificate,
                            run->tx->now, run->tx->arena, &report, e) != ERR_OK)
        return refused(e, ERR_INTAKE_SIGNATURE, "signature", why_of(e));
    run->report->signer = report.signer;
    return ERR_OK;
}
