/* Production: from a paid order to a UKey that is packed (requirements §10.4 F1 to F3).
 *
 * A row for each order that is made. The maker's work at the key is a job (hall/job); here stand what was reserved, which
 * steps were done when, the quality check, and what the label says. Acts in the audit: production.made,
 * production.quality, production.scrapped. */
#ifndef CERTHALL_HALL_PRODUCTION_H
#define CERTHALL_HALL_PRODUCTION_H

#include "hall/hall.h"
#include "hall/ukey/ukey.h"

enum production_state { PRODUCTION_QUEUED, PRODUCTION_MADE, PRODUCTION_PACKED, PRODUCTION_VOID };

struct production {
    int64_t order, version;
    const char *project;
    enum production_state state;
    const char *serial;         /* of the UKey reserved or made; "" where the stock was empty */
    int64_t queued_at, made_at; /* business time */
    int64_t maker;              /* staff id; 0: not made yet */
    const char *maker_name;
    int64_t quality_at; /* of the last quality check, or of the UKey scrapped last; 0: none */
    const char *quality_who, *quality_reason;
    int quality_passed;
    int waiting_for_ca; /* 排队等待签发 */
};

/* ---- effects ---- */

/* reserve_ukey (F1): the order waits to be made. An empty stock does not stop it: the maker sees it. */
NODISCARD enum err production_queue(struct hall_tx *tx, int64_t order, const char *project,
                                    struct err_info *e);
/* release_ukey: not made after all. */
NODISCARD enum err production_void(struct hall_tx *tx, int64_t order, struct err_info *e);
/* record_making (F2): by the staff member who acts, or for whom the job was made. */
NODISCARD enum err production_made(struct hall_tx *tx, int64_t order, const char *serial,
                                   struct err_info *e);
/* record_quality (F3). */
NODISCARD enum err production_quality(struct hall_tx *tx, int64_t order, struct err_info *e);

/* record_scrap: the UKey died at the bench or failed the check. The order waits to be made again, the reason is kept. */
NODISCARD enum err production_scrapped(struct hall_tx *tx, int64_t order, const char *serial,
                                       const char *reason, struct err_info *e);

/* ---- reading ---- */

NODISCARD enum err production_of_order(struct hall_tx *tx, int64_t order, struct production *out,
                                       int *found, struct err_info *e);
struct production_numbers {
    int64_t made_today, waiting;
};
NODISCARD enum err production_numbers(struct hall_tx *tx, struct production_numbers *out,
                                      struct err_info *e);

/* ---- the steps of making, with their times ---- */

enum production_step {
    PRODUCTION_KEY,        /* 插入空白 UKey */
    PRODUCTION_INITIALISE, /* 初始化 */
    PRODUCTION_KEYPAIR,    /* 生成密钥 */
    PRODUCTION_SIGN,       /* 制作人签名，签发证书 */
    PRODUCTION_WRITE,      /* 写入证书 */
    PRODUCTION_PROVE,      /* 验证 */
    PRODUCTION_STEPS
};
const char *production_step_text(enum production_step s, enum lang lang);
struct production_mark {
    int64_t at;       /* business time; 0: not done */
    const char *note; /* serial, fingerprint: no personal value */
};
/* The step has been done, also when it is done again. */
NODISCARD enum err production_step_done(struct hall_tx *tx, int64_t order, enum production_step s,
                                        const char *note, struct err_info *e);
NODISCARD enum err production_steps(struct hall_tx *tx, int64_t order,
                                    struct production_mark out[PRODUCTION_STEPS],
                                    struct err_info *e);
NODISCARD enum err production_wait_for_ca(struct hall_tx *tx, int64_t order, int waits,
                                          struct err_info *e);

/* ---- the four checks before making (F2) and the four eyes (G-11): pure ---- */

struct production_facts {
    int approved, settled; /* application region in production; paid or nothing to pay */
    int64_t revision;      /* of the form that was confirmed; 0: none */
    int registration;      /* a signed row of the regulator says the subject */
    const char *institution_name, *reporting_code, *user_name; /* as that row says */
    const char *serial;                                        /* of the UKey; "" none */
    int serial_state;                                          /* enum flow_ukey_state */
    int reviewer_is_maker;                                     /* who approved would make it too */
};
enum { PRODUCTION_CHECKS = 4 };
struct production_check {
    const char *title, *text; /* in the arena */
    int ok;
};
/* 1 when all four hold and the maker is another person. */
int production_check(const struct production_facts *f, enum lang lang, struct arena *a,
                     struct production_check out[PRODUCTION_CHECKS]);

/* Quality check: the serial read from the label by eye or scanner must be that of the order. ERR_MAKE_LABEL{serial}. */
NODISCARD enum err production_label_matches(const struct production *p, const char *typed,
                                            struct arena *a, struct err_info *e);

/* ---- the label: PDF, 60 × 40 mm, serial and QR ---- */

struct production_label {
    const char *serial; /* no spaces: what the QR says */
    const char *institution, *user;
    int64_t order;
    int64_t not_after; /* of the certificate; 0: not yet */
    const char *hotline;
};
enum { PRODUCTION_LABEL_LINES = 5 };
/* The lines as they stand on it; returns how many. */
int production_label_lines(const struct production_label *l, enum lang lang, struct arena *a,
                           const char *out[PRODUCTION_LABEL_LINES]);
NODISCARD enum err production_label_pdf(const struct production_label *l, enum lang lang,
                                        struct arena *a, struct bytes *pdf, struct err_info *e);

#endif
