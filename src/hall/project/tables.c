/* Every key of profile.yaml (requirements.md §9). docs/profile.md describes each; a test holds the two
 * against each other. Order of the tables: as in the document. */
#include "hall/project/schema.h"

#include "base/text.h"

#include <ctype.h>
#include <string.h>

#define SHAPE(var, text, type, mark, keys_)                                                        \
    static const struct shape var = {.what = text,                                                 \
                                     .size = sizeof(struct type),                                  \
                                     .marked = mark,                                               \
                                     .keys = keys_,                                                \
                                     .n = (int)(sizeof keys_ / sizeof keys_[0])}
#define AT(type, member) offsetof(struct type, member)
#define TEXT(type, key, member, ...)                                                               \
    {                                                                                              \
        .name = key, .kind = KEY_TEXT, .at = AT(type, member) __VA_OPT__(, ) __VA_ARGS__           \
    }
#define BOTH(type, key, member, ...)                                                               \
    {                                                                                              \
        .name = key, .kind = KEY_BOTH, .at = AT(type, member) __VA_OPT__(, ) __VA_ARGS__           \
    }
#define BOTHS(type, key, member, ...)                                                              \
    {                                                                                              \
        .name = key, .kind = KEY_BOTHS, .at = AT(type, member) __VA_OPT__(, ) __VA_ARGS__          \
    }
#define BOOL(type, key, member, ...)                                                               \
    {                                                                                              \
        .name = key, .kind = KEY_BOOL, .at = AT(type, member) __VA_OPT__(, ) __VA_ARGS__           \
    }
#define DATE(type, key, member, ...)                                                               \
    {                                                                                              \
        .name = key, .kind = KEY_DATE, .at = AT(type, member) __VA_OPT__(, ) __VA_ARGS__           \
    }
#define INT(type, key, member, lo, hi, ...)                                                        \
    {                                                                                              \
        .name = key, .kind = KEY_INT, .at = AT(type, member), .min = lo,                           \
        .max = hi __VA_OPT__(, ) __VA_ARGS__                                                       \
    }
#define ENUM(type, key, member, list, ...)                                                         \
    {                                                                                              \
        .name = key, .kind = KEY_ENUM, .at = AT(type, member),                                     \
        .names = list __VA_OPT__(, ) __VA_ARGS__                                                   \
    }
#define SET(type, key, member, list, ...)                                                          \
    {                                                                                              \
        .name = key, .kind = KEY_SET, .at = AT(type, member),                                      \
        .names = list __VA_OPT__(, ) __VA_ARGS__                                                   \
    }
#define STRINGS(type, key, member, number, ...)                                                    \
    {                                                                                              \
        .name = key, .kind = KEY_STRINGS, .at = AT(type, member),                                  \
        .count_at = AT(type, number) __VA_OPT__(, ) __VA_ARGS__                                    \
    }
#define LIST(type, key, member, number, of, ...)                                                   \
    {                                                                                              \
        .name = key, .kind = KEY_LIST, .at = AT(type, member), .count_at = AT(type, number),       \
        .shape = &of __VA_OPT__(, ) __VA_ARGS__                                                    \
    }
#define MAP(type, key, member, of, ...)                                                            \
    {                                                                                              \
        .name = key, .kind = KEY_MAP, .at = AT(type, member),                                      \
        .shape = &of __VA_OPT__(, ) __VA_ARGS__                                                    \
    }
#define KEYED(type, key, member, list, of, ...)                                                    \
    {                                                                                              \
        .name = key, .kind = KEY_KEYED, .at = AT(type, member), .names = list,                     \
        .shape = &of __VA_OPT__(, ) __VA_ARGS__                                                    \
    }
#define NEEDED .need = 1

/* Formats. */

static int digits(const char *s, size_t n)
{
    return strspn(s, "0123456789") == n && strlen(s) == n;
}

static const char *wrong_postcode(const char *s)
{
    /* S0-65: the manual itself prints one of five digits. */
    return digits(s, 6) ? NULL : "is not a postcode: six digits";
}

static const char *wrong_url(const char *s)
{
    if (strncmp(s, "https://", 8) != 0 && strncmp(s, "http://127.0.0.1", 16) != 0)
        return "is not an address that begins with https://";
    return strpbrk(s, " \"<>") ? "has characters that no address has" : NULL;
}

static const char *wrong_phone(const char *s)
{
    size_t n = strlen(s);
    return n >= 7 && n <= 24 && strspn(s, "0123456789-+ ") == n ? NULL
                                                                : "is not a telephone number";
}

static const char *wrong_mail(const char *s)
{
    const char *at = strchr(s, '@');
    return at && at != s && strchr(at, '.') && !strpbrk(s, " <>") ? NULL
                                                                  : "is not an e-mail address";
}

static const char *wrong_code(const char *s)
{
    size_t n = strlen(s);
    return n <= 40 && strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == n
               ? NULL
               : "is not a code: a to z, 0 to 9 and hyphens, at most 40";
}

static const char *wrong_name(const char *s)
{
    size_t n = strlen(s);
    return n < FLOW_NAME_MAX && strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789_") == n
               ? NULL
               : "is not a name: a to z, 0 to 9 and _, at most 31";
}

static const char *wrong_prefix(const char *s)
{
    return strlen(s) == 2 && isupper((unsigned char)s[0]) && isupper((unsigned char)s[1])
               ? NULL
               : "is not two capital letters";
}

/* Names, in the order of their enums. */

const char *const type_names[] = {"NEW",   "ADD",    "REISSUE_LOST", "REISSUE_DAMAGED", "UNLOCK",
                                  "RENEW", "CHANGE", "REVOKE",       "RESEND",          NULL};
static const char *const application_state_names[] = {
#define STATE(m, n, kind, owner, zh, en) NAME_OF_##m(n)
#define NAME_OF_APPLICATION(n) #n,
#define NAME_OF_CODE(n)
#define NAME_OF_PAYMENT(n)
#define NAME_OF_INVOICE(n)
#define NAME_OF_PAPER(n)
#define NAME_OF_FULFILMENT(n)
#define NAME_OF_UKEY(n)
#define NAME_OF_CERTIFICATE(n)
#include "hall/flow/states.def"
#undef STATE
    NULL};
static const char *const event_names[] = {"none",
#define EVENT(machine, n, name) name,
#include "hall/flow/events.def"
#undef EVENT
                                          NULL};
static const char *const notice_names[] = {"",
#define NOTICE(n, name) name,
#include "hall/flow/notices.def"
#undef NOTICE
                                           NULL};
static const char *const owner_names[] = {
    "",        "applicant", "reviewer", "finance", "maker",   "shipping", "paper", "support",
    "counter", "regulator", "courier",  "bank",    "partner", "ca",       NULL};
static const char *const gate_names[] = {"none",       "stage",      "production",
                                         "shipping",   "activation", "mailing",
                                         "revocation", "completion", NULL};
static const char *const login_names[] = {"code", "mobile", "account", "ukey", "partner", NULL};
static const char *const intake_names[] = {"none", "regulator", "partner", NULL};
static const char *const algorithm_names[] = {"SM2", "P-256", "RSA-2048", "RSA-3072", NULL};
static const char *const driver_names[] = {"soft", "skf", "pkcs11", NULL};
static const char *const evidence_names[] = {"regulator", "reviewer", "maker", "holder", NULL};
static const char *const eku_names[] = {"client_auth", "email", "document", NULL};
static const char *const when_names[] = {"before_review", "after_review", "either", "none", NULL};
static const char *const method_names[] = {"net_bank", "alipay", "wechat", "transfer", NULL};
static const char *const refund_names[] = {"none", "before_production", NULL};
static const char *const initial_names[] = {"user_set", "random_sms", "sealed_paper", NULL};
static const char *const channel_names[] = {"sms", "mail", NULL};
static const char *const seal_names[] = {"none", "optional", "required", NULL};
static const char *const revoke_at_names[] = {"order", "approval", "issuance", "activation", NULL};
static const char *const validity_names[] = {"inherit", "new_term", NULL};
static const char *const late_names[] = {"review", "refuse", "new", NULL};
static const char *const mismatch_names[] = {"ask", "refuse", "plugged", NULL};
static const char *const unlock_names[] = {"remote_call", "mail_link", "self_service", NULL};
static const char *const payer_names[] = {"provider", "applicant", NULL};
static const char *const fix_names[] = {"edit", "close_and_new", NULL};
static const char *const until_names[] = {"submit", "approval", NULL};
static const char *const freeze_names[] = {"submit", "confirm", NULL};
static const char *const mode_names[] = {"none", "auto", "batch", "on_request", NULL};
static const char *const title_names[] = {"locked", "free", NULL};
static const char *const medium_names[] = {"new_key", "in_place", "user_choice", NULL};
static const char *const way_names[] = {"courier", "pickup", "counter", NULL};
static const char *const revoke_way_names[] = {"online", "window", "province", NULL};
static const char *const file_names[] = {"jpg", "png", "pdf", NULL};
static const char *const oversize_names[] = {"refuse", "shrink", NULL};
static const char *const edit_names[] = {"never", "before_submit", "while_pending",
                                         "with_verification", NULL};
static const char *const field_names[] = {"text",   "longtext", "mobile", "phone",
                                          "email",  "postcode", "uscc",   "bank_account",
                                          "choice", "region",   "fixed",  NULL};

const char *project_algorithm_name(enum project_algorithm a)
{
    return algorithm_names[a];
}

const char *project_pay_method_name(enum project_pay_method m)
{
    return method_names[m];
}

int project_pay_method_from_name(const char *name)
{
    return name_index(method_names, name);
}

/* project */

static const struct key step_keys[] = {
    BOTH(project_step, "title", title, NEEDED),
    BOTH(project_step, "note", note),
};
SHAPE(step_shape, "a step", project_step, 1, step_keys);

static const struct key postal_keys[] = {
    BOTH(project_postal, "title", title),
    BOTH(project_postal, "address", address, NEEDED),
    BOTH(project_postal, "addressee", addressee),
    TEXT(project_postal, "phone", phone, .wrong = wrong_phone),
    TEXT(project_postal, "postcode", postcode, NEEDED, .wrong = wrong_postcode),
};
SHAPE(postal_shape, "a postal address", project_postal, 1, postal_keys);

static const struct key notice_keys[] = {
    TEXT(project_notice, "kind", kind, NEEDED, .wrong = wrong_name),
    BOTH(project_notice, "title", title, NEEDED),
    BOTH(project_notice, "body", body),
    DATE(project_notice, "from", from, NEEDED),
    DATE(project_notice, "until", until),
};
SHAPE(notice_shape, "a notice", project_notice, 1, notice_keys);

static const struct key about_keys[] = {
    TEXT(project_about, "code", code, NEEDED, .wrong = wrong_code),
    BOTH(project_about, "name", name, NEEDED),
    BOTH(project_about, "about", about),
    BOTH(project_about, "provider", provider, NEEDED),
    BOTH(project_about, "regulator", regulator),
    TEXT(project_about, "serial_prefix", serial_prefix, NEEDED, .wrong = wrong_prefix),
    TEXT(project_about, "url_primary", url_primary, NEEDED, .wrong = wrong_url),
    TEXT(project_about, "url_backup", url_backup, .wrong = wrong_url),
    TEXT(project_about, "hotline", hotline, NEEDED, .wrong = wrong_phone),
    BOTH(project_about, "hotline_keyword", hotline_keyword),
    BOTH(project_about, "hotline_hours", hotline_hours, NEEDED),
    TEXT(project_about, "chat", chat, .wrong = wrong_url),
    BOTH(project_about, "chat_note", chat_note),
    TEXT(project_about, "email", email, .wrong = wrong_mail),
    LIST(project_about, "postal", postal, postals, postal_shape, NEEDED),
    LIST(project_about, "service_points", service_point, service_points, postal_shape),
    LIST(project_about, "notices", notice, notices, notice_shape),
    BOTH(project_about, "steps_title", steps_title),
    LIST(project_about, "steps", steps.item, steps.n, step_shape),
    BOTH(project_about, "prepare", prepare),
    BOTHS(project_about, "care", care),
    BOTH(project_about, "client_note", client_note),
    LIST(project_about, "client_steps", client_steps.item, client_steps.n, step_shape),
};
SHAPE(about_shape, "project", project_about, 1, about_keys);

/* calendar, login, intake */

static const struct key office_keys[] = {BOTH(project_office, "office_hours", hours, NEEDED)};
SHAPE(office_shape, "calendar", project_office, 1, office_keys);

static const struct key login_keys[] = {
    SET(project_login_rules, "methods", methods, login_names, NEEDED),
    BOTH(project_login_rules, "code_note", code_note),
};
SHAPE(login_shape, "login", project_login_rules, 1, login_keys);

static const struct key intake_keys[] = {
    ENUM(project_intake_rules, "source", source, intake_names, NEEDED),
    BOOL(project_intake_rules, "push_api", push_api),
    INT(project_intake_rules, "code_valid_from_workday", code_valid_from_workday, 0, 30),
};
SHAPE(intake_shape, "intake", project_intake_rules, 1, intake_keys);

/* types, docs, review */

static const struct key type_keys[] = {
    {.name = "on", .kind = KEY_NOT, .at = AT(project_type, off)},
    BOTH(project_type, "title", title, NEEDED),
    BOTH(project_type, "about", about),
    BOTH(project_type, "meta", meta),
    DATE(project_type, "open_from", open_from),
    DATE(project_type, "open_to", open_to),
    BOTH(project_type, "closed_text", closed_text),
    BOTH(project_type, "after_payment", after_payment),
    BOTHS(project_type, "conditions", conditions),
    LIST(project_type, "materials", materials.item, materials.n, step_shape),
    LIST(project_type, "times", times.item, times.n, step_shape),
    LIST(project_type, "steps", steps.item, steps.n, step_shape),
};
SHAPE(type_shape, "a business", project_type, 1, type_keys);

static const struct key doc_keys[] = {
    TEXT(project_doc, "kind", kind, NEEDED, .wrong = wrong_name),
    BOTH(project_doc, "title", title, NEEDED),
    BOTH(project_doc, "hint", hint),
    BOOL(project_doc, "required", required),
    BOOL(project_doc, "from_template", generated),
    INT(project_doc, "pages", pages, 1, 50),
    SET(project_doc, "types", types, file_names, NEEDED),
    {.name = "max_bytes",
     .kind = KEY_BYTES,
     .at = AT(project_doc, max_bytes),
     .min = 1,
     .max = 20 << 20},
    {.name = "min_px", .kind = KEY_BYTES, .at = AT(project_doc, min_px), .min = 1, .max = 20000},
    {.name = "max_px", .kind = KEY_BYTES, .at = AT(project_doc, max_px), .min = 1, .max = 20000},
    ENUM(project_doc, "oversize", shrink, oversize_names),
    BOOL(project_doc, "seal", seal),
    BOOL(project_doc, "signature", signature),
    INT(project_doc, "paper_copies", paper_copies, 0, 9),
    TEXT(project_doc, "condition", condition),
};
SHAPE(doc_shape, "a document", project_doc, 1, doc_keys);
static const struct key docs_keys[] = {LIST(project_docs, "list", item, n, doc_shape, NEEDED)};
SHAPE(docs_shape, "documents of a business", project_docs, 1, docs_keys);

static const struct key stage_keys[] = {
    BOTH(project_stage, "title", title, NEEDED),
    TEXT(project_stage, "org_scope", org_scope),
    BOOL(project_stage, "four_eyes", four_eyes),
    TEXT(project_stage, "clock_starts", clock_starts),
};
SHAPE(stage_shape, "a review stage", project_stage, 1, stage_keys);
static const struct key stages_keys[] = {
    LIST(project_stages, "stages", item, n, stage_shape, NEEDED)};
SHAPE(stages_shape, "review of a business", project_stages, 1, stages_keys);

/* forms */

static const struct key option_keys[] = {
    TEXT(project_option, "value", value, NEEDED),
    BOTH(project_option, "label", label, NEEDED),
    BOTH(project_option, "note", note),
};
SHAPE(option_shape, "a choice", project_option, 0, option_keys);

static const struct key field_keys[] = {
    TEXT(project_field, "name", name, NEEDED, .wrong = wrong_name),
    ENUM(project_field, "kind", kind, field_names, NEEDED),
    BOTH(project_field, "label", label, NEEDED),
    BOTH(project_field, "hint", hint),
    BOOL(project_field, "required", required),
    INT(project_field, "min_length", min_length, 0, 1000),
    INT(project_field, "max_length", max_length, 0, 2000),
    BOOL(project_field, "from_regulator", from_regulator),
    ENUM(project_field, "edit", edit, edit_names, NEEDED),
    TEXT(project_field, "same_as", same_as),
    TEXT(project_field, "shown_if", shown_if),
    TEXT(project_field, "shown_value", shown_value),
    BOTH(project_field, "changed_note", changed_note),
    BOTH(project_field, "fixed_text", fixed_text),
    TEXT(project_field, "autocomplete", autocomplete),
    {.name = "groups",
     .kind = KEY_INTS,
     .at = AT(project_field, groups),
     .count_at = AT(project_field, groups_n),
     .min = 1,
     .max = 20},
    LIST(project_field, "options", option, options, option_shape),
};
SHAPE(field_shape, "a field", project_field, 0, field_keys);

static const struct key aside_keys[] = {
    BOTH(project_aside, "title", title, NEEDED),
    BOTH(project_aside, "text", text, NEEDED),
};
SHAPE(aside_shape, "a note beside a question", project_aside, 0, aside_keys);

static const struct key question_keys[] = {
    BOTH(project_question, "title", title, NEEDED),
    BOTH(project_question, "hint", hint),
    LIST(project_question, "fields", field, fields, field_shape, NEEDED),
    LIST(project_question, "asides", aside, asides, aside_shape),
};
SHAPE(question_shape, "a question", project_question, 0, question_keys);

static const struct key section_keys[] = {
    TEXT(project_section, "id", id, NEEDED, .wrong = wrong_name),
    BOTH(project_section, "title", title, NEEDED),
    BOTH(project_section, "note", note),
    LIST(project_section, "questions", question, questions, question_shape, NEEDED),
};
SHAPE(section_shape, "a section", project_section, 0, section_keys);

static const struct key form_keys[] = {
    SET(form_entry, "types", types, type_names, NEEDED),
    LIST(form_entry, "sections", section, sections, section_shape, NEEDED),
};
SHAPE(form_shape, "a form", form_entry, 1, form_keys);

/* templates, clocks, order */

static const struct key template_keys[] = {
    TEXT(project_template, "kind", kind, NEEDED, .wrong = wrong_name),
    TEXT(project_template, "version", version, NEEDED),
    DATE(project_template, "effective", effective, NEEDED),
    BOTH(project_template, "title", title, NEEDED),
    BOTH(project_template, "text", text, NEEDED),
};
SHAPE(template_shape, "a template", project_template, 1, template_keys);

static const struct key clock_keys[] = {
    TEXT(clock_entry, "name", name, NEEDED, .wrong = wrong_name),
    BOTH(clock_entry, "label", label, NEEDED),
    SET(clock_entry, "types", types, type_names),
    ENUM(clock_entry, "starts", starts, event_names, NEEDED),
    INT(clock_entry, "starts_stage", starts_stage, 1, FLOW_STAGES_MAX),
    ENUM(clock_entry, "stops", stops, event_names, NEEDED),
    INT(clock_entry, "stops_stage", stops_stage, 1, FLOW_STAGES_MAX),
    SET(clock_entry, "pauses", pauses, application_state_names),
    INT(clock_entry, "workdays", workdays, 1, 250),
    INT(clock_entry, "days", days, 1, 3650),
    INT(clock_entry, "hours", hours, 1, 8760),
    ENUM(clock_entry, "owner", owner, owner_names, NEEDED),
    ENUM(clock_entry, "fires", fires, event_names),
};
SHAPE(clock_shape, "a clock", clock_entry, 1, clock_keys);

static const struct key order_keys[] = {
    ENUM(project_order_rules, "fix", fix, fix_names, NEEDED),
    ENUM(project_order_rules, "edit_until", edit_pending, until_names),
    INT(project_order_rules, "keep_draft_days", keep_draft_days, 1, 3650, NEEDED),
    BOOL(project_order_rules, "resubmit_from_start", resubmit_from_start),
    INT(project_order_rules, "max_returns", max_returns, 1, 99),
    BOOL(project_order_rules, "revive", revive),
    ENUM(project_order_rules, "freeze_at", freeze_at_confirm, freeze_names),
    BOOL(project_order_rules, "confirm_upload", confirm_upload),
};
SHAPE(order_shape, "order", project_order_rules, 1, order_keys);

/* money */

static const struct key pay_keys[] = {
    ENUM(project_pay, "when", when, when_names, NEEDED),
    SET(project_pay, "methods", methods, method_names),
    INT(project_pay, "price_freeze_days", price_freeze_days, 1, 365),
    INT(project_pay, "page_minutes", page_minutes, 1, 1440),
    BOOL(project_pay, "freeze_when_paid", freeze_when_paid),
    ENUM(project_pay, "refund", refund, refund_names),
    BOTH(project_pay, "frozen_note", frozen_note),
};
SHAPE(pay_shape, "pay", project_pay, 1, pay_keys);

static const struct key fee_keys[] = {
    TEXT(project_fee_row, "id", id, NEEDED, .wrong = wrong_name),
    SET(project_fee_row, "types", types, type_names, NEEDED),
    TEXT(project_fee_row, "cause", cause),
    TEXT(project_fee_row, "kind", kind),
    TEXT(project_fee_row, "application", application),
    TEXT(project_fee_row, "medium", medium),
    INT(project_fee_row, "years", years, 1, 10),
    {.name = "amount", .kind = KEY_FEN, .at = AT(project_fee_row, amount_fen), .need = 1},
    BOTH(project_fee_row, "title", title, NEEDED),
    BOTH(project_fee_row, "text", text, NEEDED),
};
SHAPE(fee_shape, "a fee", project_fee_row, 1, fee_keys);

static const struct key warranty_keys[] = {
    INT(project_warranty, "days", days, 1, 3650, NEEDED),
    INT(project_warranty, "times", times, 0, 99),
    TEXT(project_warranty, "start", start, NEEDED),
    TEXT(project_warranty, "needs", needs, NEEDED),
    BOTH(project_warranty, "title", title, NEEDED),
    BOTH(project_warranty, "text", text, NEEDED),
};
SHAPE(warranty_shape, "warranty", project_warranty, 1, warranty_keys);

static const struct key invoice_keys[] = {
    ENUM(project_invoice, "mode", mode, mode_names, NEEDED),
    INT(project_invoice, "batch_day", batch_day, 1, 31),
    INT(project_invoice, "sla_hours", sla_hours, 1, 8760),
    ENUM(project_invoice, "title", title_free, title_names),
    BOOL(project_invoice, "correct", correct),
    INT(project_invoice, "vat_percent", vat_percent, 0, 17),
    TEXT(project_invoice, "kind", kind),
    BOTH(project_invoice, "item", item),
};
SHAPE(invoice_shape, "invoice", project_invoice, 1, invoice_keys);

/* making and sending */

static const struct key production_keys[] = {
    INT(project_production, "label_width_mm", label_width_mm, 20, 210, NEEDED),
    INT(project_production, "label_height_mm", label_height_mm, 10, 297, NEEDED),
    BOOL(project_production, "returns", returns),
};
SHAPE(production_shape, "production", project_production, 1, production_keys);

static const struct key deliver_keys[] = {
    SET(project_deliver, "ways", ways, way_names, NEEDED),
    BOOL(project_deliver, "via_org", via_org),
    BOOL(project_deliver, "address_must_match", address_must_match),
    BOOL(project_deliver, "resend", resend),
    ENUM(project_deliver, "payer", payer, payer_names),
    STRINGS(project_deliver, "couriers", couriers, courier_names),
    STRINGS(project_deliver, "pickup_docs", pickup_docs, pickup_doc_names),
};
SHAPE(deliver_shape, "deliver", project_deliver, 1, deliver_keys);

static const struct key paper_keys[] = {
    TEXT(project_paper, "name", name, NEEDED, .wrong = wrong_name),
    BOTH(project_paper, "title", title, NEEDED),
    SET(project_paper, "types", types, type_names),
    STRINGS(project_paper, "items", items, item_names, NEEDED),
    STRINGS(project_paper, "route", route, legs, NEEDED),
    ENUM(project_paper, "opens_at", opens_at, event_names, NEEDED),
    ENUM(project_paper, "gate", gate, gate_names, NEEDED),
    INT(project_paper, "stage", gate_stage, 1, FLOW_STAGES_MAX),
    INT(project_paper, "copies", copies, 1, 9),
    BOOL(project_paper, "rejects_electronic_seal", rejects_electronic_seal),
};
SHAPE(paper_shape, "a paper set", project_paper, 1, paper_keys);

static const struct key seal_keys[] = {
    ENUM(project_seal, "mode", mode, seal_names, NEEDED),
    STRINGS(project_seal, "kinds", kinds, kind_names),
    INT(project_seal, "impressions", impressions, 1, 9),
    INT(project_seal, "output_px", output_px, 50, 2000),
};
SHAPE(seal_shape, "seal", project_seal, 1, seal_keys);

static const struct key pin_keys[] = {
    INT(project_pin, "max_tries", max_tries, 1, 15, NEEDED),
    INT(project_pin, "min_len", min_len, 4, 32, NEEDED),
    INT(project_pin, "max_len", max_len, 4, 32, NEEDED),
    INT(project_pin, "classes", classes, 1, 4, NEEDED),
    ENUM(project_pin, "initial", initial, initial_names, NEEDED),
};
SHAPE(pin_shape, "pin", project_pin, 1, pin_keys);

static const struct key activate_keys[] = {
    BOOL(project_activate, "required", required),
    BOOL(project_activate, "inactive_first", inactive_first),
    BOOL(project_activate, "bind", bind),
    TEXT(project_activate, "callback", callback, .wrong = wrong_url),
};
SHAPE(activate_shape, "activate", project_activate, 1, activate_keys);

static const struct key renew_keys[] = {
    INT(project_renew, "before_days", before_days, 0, 365, NEEDED),
    INT(project_renew, "after_days", after_days, 0, 3650, NEEDED),
    ENUM(project_renew, "late", late, late_names, NEEDED),
    ENUM(project_renew, "medium", medium, medium_names, NEEDED),
    BOOL(project_renew, "carry_over", carry_over),
    ENUM(project_renew, "mismatch", mismatch, mismatch_names),
    BOOL(project_renew, "open_business_check", open_business_check),
};
SHAPE(renew_shape, "renew", project_renew, 1, renew_keys);

static const struct key reissue_keys[] = {
    ENUM(project_reissue, "revoke_at", revoke_at, revoke_at_names, NEEDED),
    ENUM(project_reissue, "validity", validity, validity_names, NEEDED),
};
SHAPE(reissue_shape, "reissue", project_reissue, 1, reissue_keys);

static const struct key unlock_keys[] = {
    ENUM(project_unlock, "way", way, unlock_names, NEEDED),
    BOOL(project_unlock, "direct_allowed", direct_allowed),
    INT(project_unlock, "free_times", free_times, 0, 99),
    INT(project_unlock, "sla_workdays", sla_workdays, 1, 60),
    SET(project_unlock, "diagnosis_for", diagnosis_for, type_names),
    BOTH(project_unlock, "title", title),
    BOTH(project_unlock, "text", text),
};
SHAPE(unlock_shape, "unlock", project_unlock, 1, unlock_keys);

static const struct key revoke_keys[] = {
    SET(project_revoke, "ways", ways, revoke_way_names, NEEDED),
    INT(project_revoke, "sla_workdays", sla_workdays, 1, 60),
    BOOL(project_revoke, "key_return", key_return),
    BOOL(project_revoke, "freeze_online", freeze_online),
};
SHAPE(revoke_shape, "revoke", project_revoke, 1, revoke_keys);

static const struct key keys_keys[] = {
    INT(project_keys, "per_user", per_user, 0, 100, NEEDED),
    INT(project_keys, "per_org", per_org, 0, 100000, NEEDED),
    BOOL(project_keys, "add_reason", add_reason),
};
SHAPE(keys_shape, "keys", project_keys, 1, keys_keys);

static const struct key cert_keys[] = {
    STRINGS(project_cert, "kinds", kinds, kind_names, NEEDED),
    ENUM(project_cert, "algorithm", algorithm, algorithm_names, NEEDED),
    SET(project_cert, "drivers", drivers, driver_names, NEEDED),
    BOOL(project_cert, "dual_keys", dual_keys),
    INT(project_cert, "validity_days", validity_days, 1, 3660, NEEDED),
    TEXT(project_cert, "profile", profile, NEEDED, .wrong = wrong_code),
    TEXT(project_cert, "subject", subject, NEEDED),
    SET(project_cert, "eku", eku, eku_names, NEEDED),
    SET(project_cert, "evidence", evidence, evidence_names, NEEDED),
    INT(project_cert, "years_max", years_max, 1, 10),
    BOOL(project_cert, "expiry", expiry),
};
SHAPE(cert_shape, "cert", project_cert, 1, cert_keys);

static const struct key notify_keys[] = {
    SET(project_notify, "channels", channels, channel_names, NEEDED),
    BOTH(project_notify, "sms", sms),
    BOTH(project_notify, "subject", subject),
    BOTH(project_notify, "mail", mail),
};
SHAPE(notify_shape, "a notification", project_notify, 1, notify_keys);

static const struct key retention_keys[] = {INT(project_retention, "years", years, 5, 100, NEEDED)};
SHAPE(retention_shape, "retention", project_retention, 1, retention_keys);

/* the whole */

static const struct key profile_keys[] = {
    MAP(profile_file, "project", p.about, about_shape, NEEDED),
    MAP(profile_file, "calendar", p.office, office_shape, NEEDED),
    MAP(profile_file, "login", p.login, login_shape, NEEDED),
    MAP(profile_file, "intake", p.intake, intake_shape, NEEDED),
    KEYED(profile_file, "types", p.type, type_names, type_shape, NEEDED),
    LIST(profile_file, "forms", form, forms, form_shape, NEEDED),
    KEYED(profile_file, "docs", p.docs, type_names, docs_shape),
    KEYED(profile_file, "review", p.review, type_names, stages_shape),
    LIST(profile_file, "templates", p.templates, p.template_n, template_shape, NEEDED),
    LIST(profile_file, "clocks", clock, clocks, clock_shape, NEEDED),
    STRINGS(profile_file, "off", off, offs),
    MAP(profile_file, "order", p.order, order_shape, NEEDED),
    MAP(profile_file, "pay", p.pay, pay_shape, NEEDED),
    LIST(profile_file, "fees", p.fee, p.fees, fee_shape),
    MAP(profile_file, "warranty", p.warranty, warranty_shape),
    MAP(profile_file, "invoice", p.invoice, invoice_shape, NEEDED),
    MAP(profile_file, "production", p.production, production_shape, NEEDED),
    MAP(profile_file, "deliver", p.deliver, deliver_shape, NEEDED),
    LIST(profile_file, "paper", p.paper, p.papers, paper_shape),
    MAP(profile_file, "seal", p.seal, seal_shape, NEEDED),
    MAP(profile_file, "pin", p.pin, pin_shape, NEEDED),
    MAP(profile_file, "activate", p.activate, activate_shape, NEEDED),
    MAP(profile_file, "renew", p.renew, renew_shape),
    MAP(profile_file, "reissue", p.reissue, reissue_shape),
    MAP(profile_file, "unlock", p.unlock, unlock_shape),
    MAP(profile_file, "revoke", p.revoke, revoke_shape, NEEDED),
    MAP(profile_file, "keys", p.keys, keys_shape, NEEDED),
    MAP(profile_file, "cert", p.cert, cert_shape, NEEDED),
    KEYED(profile_file, "notify", p.notify, notice_names, notify_shape, NEEDED),
    MAP(profile_file, "retention", p.retention, retention_shape, NEEDED),
};
const struct shape profile_shape = {.what = "the profile",
                                    .size = sizeof(struct profile_file),
                                    .marked = 0,
                                    .keys = profile_keys,
                                    .n = (int)(sizeof profile_keys / sizeof profile_keys[0])};
