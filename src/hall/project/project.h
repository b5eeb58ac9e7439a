/* A project: what one deployment switches, read from profiles/<code>/profile.yaml (requirements.md §9,
 * docs/profile.md). Plain data, read-only once read, shared by all threads; everything it points to lives as
 * long as the project. A running order keeps the version it started with: `projects` holds them all. */
#ifndef CERTHALL_HALL_PROJECT_H
#define CERTHALL_HALL_PROJECT_H

#include "base/err.h"
#include "base/mem.h"
#include "hall/calendar/calendar.h"
#include "hall/flow/flow.h"
#include "hall/project/layout.h"
#include "hall/project/making.h"

#include <stdint.h>

enum project_login { LOGIN_CODE, LOGIN_MOBILE, LOGIN_ACCOUNT, LOGIN_UKEY, LOGIN_PARTNER };
enum project_intake { INTAKE_NONE, INTAKE_REGULATOR, INTAKE_PARTNER };
enum project_algorithm { ALGORITHM_SM2, ALGORITHM_P256, ALGORITHM_RSA2048, ALGORITHM_RSA3072 };
enum project_driver { DRIVER_SOFT, DRIVER_SKF, DRIVER_PKCS11 };
enum project_evidence {
    EVIDENCE_OF_REGULATOR,
    EVIDENCE_OF_REVIEWER,
    EVIDENCE_OF_MAKER,
    EVIDENCE_OF_HOLDER
};
enum project_eku { EKU_CLIENT_AUTH, EKU_EMAIL, EKU_DOCUMENT };
enum project_pay_method { PAY_NET_BANK, PAY_ALIPAY, PAY_WECHAT, PAY_TRANSFER };
enum project_refund { REFUND_NONE, REFUND_BEFORE_PRODUCTION };
enum project_pin_initial { PIN_USER_SET, PIN_RANDOM_SMS, PIN_SEALED_PAPER };
enum project_channel { CHANNEL_SMS, CHANNEL_MAIL };
enum project_seal_mode { SEAL_NONE, SEAL_OPTIONAL, SEAL_REQUIRED };
enum project_revoke_at {
    REVOKE_AT_ORDER,
    REVOKE_AT_APPROVAL,
    REVOKE_AT_ISSUANCE,
    REVOKE_AT_ACTIVATION
};
enum project_validity { VALIDITY_INHERIT, VALIDITY_NEW_TERM };
enum project_late { LATE_REVIEW, LATE_REFUSE, LATE_NEW };
enum project_mismatch { MISMATCH_ASK, MISMATCH_REFUSE, MISMATCH_PLUGGED };
enum project_unlock_way { UNLOCK_REMOTE_CALL, UNLOCK_MAIL_LINK, UNLOCK_SELF_SERVICE };
enum project_payer { PAYER_PROVIDER, PAYER_APPLICANT };
enum project_long_text { TEXT_AGREEMENT, TEXT_PRIVACY, TEXT_ACCESSIBILITY, TEXT_HELP };

/* Every struct below begins with the line it stands on; 0 where the profile does not have it. */
struct project_texts { /* a list of sentences */
    const struct project_text *item;
    int n;
};
struct project_step { /* 1 填写 · 您来办 */
    int line;
    struct project_text title, note;
};
struct project_steps {
    const struct project_step *item;
    int n;
};
struct project_postal { /* S0-63, S0-65 */
    int line;
    struct project_text title, address, addressee;
    const char *phone, *postcode;
};
struct project_notice { /* S0-61 */
    int line;
    const char *kind; /* maintenance, agreement, hours, general */
    struct project_text title, body;
    int32_t from, until; /* China days; until 0: open */
};
struct project_about {
    int line;
    const char *code;          /* = folder name, in addresses */
    struct project_text name;  /* 反洗钱数据报送证书服务平台 */
    struct project_text about; /* second line of the logo */
    struct project_text provider, regulator;
    const char *serial_prefix;            /* two letters of the UKey serials */
    const char *url_primary, *url_backup; /* S0-16 */
    const char *hotline;                  /* S0-62 */
    struct project_text hotline_keyword, hotline_hours;
    const char *chat; /* address of the online chat (S0-64); NULL: none */
    struct project_text chat_note;
    const char *email;
    const struct project_postal *postal;
    int postals;
    const struct project_postal *service_point;
    int service_points;
    const struct project_notice *notice;
    int notices;
    struct project_text steps_title, prepare, client_note;
    struct project_steps steps;        /* of the front page */
    struct project_texts care;         /* S0-11 */
    struct project_steps client_steps; /* how to install the UKey Agent */
};
struct project_office { /* calendar */
    int line;
    struct project_text hours;
};
struct project_login_rules {
    int line;
    uint32_t methods; /* set of enum project_login */
    struct project_text code_note;
};
struct project_intake_rules {
    int line;
    enum project_intake source;
    int push_api;
    int code_valid_from_workday; /* S0-17: the n-th working day after it was obtained; 0: at once */
};
struct project_type {
    int line; /* > 0: the front page shows it */
    int off;  /* shown, but closed: its rows are off */
    struct project_text title, about, meta;
    int32_t open_from, open_to; /* China days; 0: always (S0-52) */
    struct project_text closed_text, after_payment;
    struct project_texts conditions;
    struct project_steps materials, times, steps; /* the guide */
    int materials_needed; /* uploads or generated forms: the order has MATERIALS */
};
struct project_doc {
    int line;
    const char *kind; /* "licence" */
    struct project_text title, hint;
    int required, generated, pages;
    uint32_t types; /* set of file types: jpg png pdf */
    int64_t max_bytes, min_px, max_px;
    int shrink; /* C-09: doc.oversize = shrink */
    int seal, signature, paper_copies;
    const char *condition;
};
struct project_docs {
    int line;
    const struct project_doc *item;
    int n;
};
struct project_stage {
    int line;
    struct project_text title;
    const char *org_scope;
    int four_eyes;
    const char *clock_starts; /* submit, paper_received */
};
struct project_stages {
    int line;
    const struct project_stage *item;
    int n;
};
struct project_template { /* G-26 */
    int line;
    const char *kind, *version;
    int32_t effective;
    struct project_text title, text; /* paragraphs parted by empty lines */
};
struct project_order_rules {
    int line;
    int fix, edit_pending; /* enum flow_fix; edit_until = approval */
    int keep_draft_days;
    int resubmit_from_start, max_returns, revive;
    int freeze_at_confirm; /* form.freeze_at */
    int confirm_upload;    /* upload.confirm */
};
struct project_pay {
    int line;
    int when;         /* enum flow_pay_when */
    uint32_t methods; /* set of enum project_pay_method */
    int price_freeze_days, page_minutes, freeze_when_paid;
    enum project_refund refund;
    struct project_text frozen_note; /* said before paying */
};
struct project_fee_row {
    int line;
    const char *id;
    uint32_t types;
    const char *cause, *kind, *application, *medium; /* NULL: any */
    int years;                                       /* 0: any */
    int64_t amount_fen;
    struct project_text title, text;
};
struct project_warranty {
    int line;
    int days, times;   /* S0-40: one free replacement in 90 days; times 0: without limit */
    const char *start; /* signed, shipped, issued (G-05) */
    const char *needs; /* diagnosis, inspection, none */
    struct project_text title, text; /* the free rule in words */
};
struct project_invoice {
    int line;
    int mode; /* enum flow_invoice_mode */
    int batch_day, sla_hours, title_free, correct;
    int vat_percent;
    const char *kind;         /* general, special */
    struct project_text item; /* the line on the invoice */
};
struct project_production {
    int line;
    int label_width_mm, label_height_mm;
    int returns; /* UKeys come back and are wiped (T15) */
};
struct project_deliver {
    int line;
    uint32_t ways; /* set: courier, pickup, counter */
    int via_org, address_must_match, resend;
    enum project_payer payer;
    const char *const *couriers;
    int courier_names;
    const char *const *pickup_docs; /* what the person who collects must bring */
    int pickup_doc_names;
};
struct project_paper {
    int line;
    const char *name;
    struct project_text title;
    uint32_t types;
    const char *const *items;
    int item_names;
    const char *const *route;
    int legs;
    int opens_at, gate, gate_stage; /* enum flow_event, enum flow_gate */
    int copies, rejects_electronic_seal;
};
struct project_seal {
    int line;
    enum project_seal_mode mode;
    const char *const *kinds;
    int kind_names;
    int impressions, output_px;
};
struct project_pin {
    int line;
    int max_tries, min_len, max_len, classes; /* C-01: locks at the max_tries-th wrong try */
    enum project_pin_initial initial;         /* never a constant (C-24) */
};
struct project_activate {
    int line;
    int required, inactive_first;
    int bind;
    const char *callback;
};
struct project_renew {
    int line;
    int before_days, after_days;
    enum project_late late;
    int medium; /* enum flow_medium */
    int carry_over;
    enum project_mismatch mismatch;
    int open_business_check;
};
struct project_reissue {
    int line;
    enum project_revoke_at revoke_at;
    enum project_validity validity;
};
struct project_unlock {
    int line;
    enum project_unlock_way way;
    int direct_allowed, free_times, sla_workdays;
    uint32_t diagnosis_for;          /* types that need a diagnosis first (C-27) */
    struct project_text title, text; /* the free rule in words (S0-49) */
};
struct project_revoke {
    int line;
    uint32_t ways; /* set: online, window, province */
    int sla_workdays, key_return, freeze_online;
};
struct project_keys {
    int line;
    int per_user, per_org, add_reason; /* 0: no limit (S0-07, S0-09) */
};
struct project_cert {
    int line;
    const char *const *kinds; /* enterprise, personal … */
    int kind_names;
    enum project_algorithm algorithm;
    uint32_t drivers; /* key drivers that may hold it */
    int dual_keys;
    int validity_days;
    const char *profile; /* the ca's own certificate profile that is asked for */
    const char *subject; /* "C=CN, O={institution_name}, …": for pages; the ca builds its own */
    uint32_t eku, evidence;
    int years_max;
    int expiry; /* reminders and ends of validity run (G-27) */
};
struct project_notify {
    int line;
    uint32_t channels; /* set of enum project_channel */
    struct project_text sms, subject, mail;
};
struct project_retention {
    int line;
    int years; /* after the certificate ends (G-24: at least 5) */
};

struct project {
    struct arena *arena; /* everything below */
    int64_t version;     /* from the content: the same text is the same version; > 0 */
    const char *text;    /* profile.yaml as read */
    size_t text_n;
    struct project_about about;
    struct project_office office;
    struct project_login_rules login;
    struct project_intake_rules intake;
    struct project_type type[TYPE_COUNT];
    struct project_docs docs[TYPE_COUNT];
    struct project_stages review[TYPE_COUNT];
    const struct project_template *templates;
    int template_n;
    struct project_order_rules order;
    struct project_pay pay;
    const struct project_fee_row *fee;
    int fees;
    struct project_warranty warranty;
    struct project_invoice invoice;
    struct project_production production;
    struct project_deliver deliver;
    const struct project_paper *paper;
    int papers;
    struct project_seal seal;
    struct project_pin pin;
    struct project_activate activate;
    struct project_renew renew;
    struct project_reissue reissue;
    struct project_unlock unlock;
    struct project_revoke revoke;
    struct project_keys keys;
    struct project_cert cert;
    struct project_notify notify[NOTICE_COUNT];
    struct project_retention retention;
    struct project_form form[TYPE_COUNT];   /* by project_form */
    const struct project_text *clock_label; /* beside rules.clock */
    struct flow_rules rules;                /* what the machines are told */
    struct project_making making;           /* what the bench is told */
};
void project_free(struct project *p);
DEFINE_AUTO(project)

/* ---- reading and checking ---- */

struct project_problem {
    int line;         /* 1 …; 0 where no line can be named */
    const char *path; /* "fees[2].amount" */
    const char *reason;
};
struct project_report {
    struct arena *arena; /* of the caller; holds the texts */
    const char *file;
    const struct project_problem *problem; /* by line */
    int problems;
};

/* Read a profile and check it: all mistakes and contradictions at once, in *report with line and reason, and
 * then ERR_PROFILE. `name` is what the project must call itself, and stands for the file in messages. *out is
 * the caller's. The report's arena must be set; its texts live in it. */
NODISCARD enum err project_from_text(const char *name, struct bytes yaml, struct project **out,
                                     struct project_report *report, struct err_info *e);
/* profile.yaml of a folder, whose last part is the project's code. */
NODISCARD enum err project_load(const char *folder, struct project **out,
                                struct project_report *report, struct err_info *e);
/* One line a problem: "file:line: path: reason". */
void project_report_text(const struct project_report *r, struct buf *out);

/* All projects of an installation with all versions that orders still run under. Filled at start, read by all
 * threads afterwards. Owns the projects it is given. */
struct projects;
struct projects *projects_new(void);
void projects_free(struct projects *ps);
DEFINE_AUTO(projects)
/* The newest comes last: it is the one new orders start with. The same version twice is kept once. */
void projects_add(struct projects *ps, struct project *p);
/* Every folder with a profile.yaml. ERR_PROFILE at the first that is wrong, told whole on the log. */
NODISCARD enum err projects_load(struct projects *ps, const char *folder, struct err_info *e);
int projects_count(const struct projects *ps); /* codes, not versions */
const struct project *projects_at(const struct projects *ps, int i);
const struct project *projects_find(const struct projects *ps, const char *code); /* NULL */
const struct project *projects_version(const struct projects *ps, const char *code,
                                       int64_t version); /* NULL */

/* ---- asking ---- */

/* Is the business on? Those that are not may still be shown (type.line), with closed_text. */
int project_type_on(const struct project *p, enum flow_type type);
/* On, and open that day (S0-52)? */
int project_type_open(const struct project *p, enum flow_type type, int32_t china_day);
/* The first China day on which a code obtained on `obtained` is usable (S0-17, G-03). */
int32_t project_code_usable(const struct project *p, const struct calendar *c, int32_t obtained,
                            int *provisional);
/* When clock `i` of rules.clock, started at `from`, is due: the end of the last day for days and working days.
 * *provisional may be NULL. */
int64_t project_clock_due(const struct project *p, const struct calendar *c, int i, int64_t from,
                          int *provisional);
int project_clock(const struct project *p, const char *name); /* index, -1 */
/* The batch day that an invoice of this China day falls on: day of the month, or the month's last (S0-31). */
int32_t project_batch_day(const struct project *p, int32_t china_day);
/* A long text of the profile: the version, or the newest that is effective on that day; NULL: none. */
const struct project_template *project_long_text(const struct project *p, enum project_long_text t,
                                                 const char *version, int32_t china_day);
const char *project_algorithm_name(enum project_algorithm a);   /* "P-256" */
const char *project_pay_method_name(enum project_pay_method m); /* "net_bank" */
int project_pay_method_from_name(const char *name);             /* -1 */

/* What stands for {name}: of any length, not copied; a value of NULL is "". */
struct project_value {
    const char *name, *value;
};
/* Fill {name} in a text of the profile from the values; a placeholder without a value becomes "". */
const char *project_fill(struct arena *a, const char *text, const struct project_value *value,
                         int values);

#endif
