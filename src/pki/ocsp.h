/* OCSP (RFC 6960, RFC 8954 nonce): requests are read, answers written, by our own DER.
 *
 * An answer is made in two steps, so that it can be signed ahead of time: ResponseData for one certificate,
 * then the signature around it. The responder is named by its key (byKey); its certificate goes along, issued by the
 * CA itself with OCSPSigning and nocheck. */
#ifndef CERTHALL_PKI_OCSP_H
#define CERTHALL_PKI_OCSP_H

#include "pki/crl.h"

enum { OCSP_REQUEST_MAX = 4096, OCSP_IDS_MAX = 16, OCSP_NONCE_MAX = 32 };
enum ocsp_hash { OCSP_SHA1, OCSP_SHA256, OCSP_SM3, OCSP_HASHES };

struct ocsp_cert_id {
    struct bytes whole; /* CertID, as asked: it is echoed */
    enum ocsp_hash hash;
    struct bytes name_hash, key_hash;
    struct bytes serial; /* magnitude */
};

/* Borrowed from the input. */
struct ocsp_request {
    struct ocsp_cert_id id[OCSP_IDS_MAX];
    size_t ids;
    struct bytes nonce; /* content of the nonce OCTET STRING; n 0: none */
};

/* ERR_DER_MALFORMED, ERR_TOO_LARGE: answer with OCSP_MALFORMED_REQUEST. A signed request's signature is not
 * looked at. An unknown critical extension is refused. A CertID whose hash is none of ours is given with
 * hash OCSP_HASHES: nobody's certificate, so UNKNOWN. */
NODISCARD enum err ocsp_request_parse(struct bytes der, struct ocsp_request *out,
                                      struct err_info *e);
NODISCARD enum err ocsp_request_write(const struct ocsp_cert_id *id, size_t n, struct bytes nonce,
                                      struct arena *a, struct bytes *der, struct err_info *e);

/* An issuer's hashes, made once. */
struct ocsp_issuer {
    struct {
        uint8_t name[32], key[32];
        size_t n;
    } by[OCSP_HASHES];
};
NODISCARD enum err ocsp_issuer_init(struct ocsp_issuer *i, struct bytes name,
                                    const struct pki_pub *key, struct err_info *e);
int ocsp_issuer_is(const struct ocsp_issuer *i, const struct ocsp_cert_id *id);
/* A CertID for one of the issuer's serials, in the arena. */
NODISCARD enum err ocsp_cert_id_make(const struct ocsp_issuer *i, enum ocsp_hash hash,
                                     struct bytes serial, struct arena *a, struct ocsp_cert_id *out,
                                     struct err_info *e);

enum ocsp_status { OCSP_GOOD, OCSP_REVOKED, OCSP_UNKNOWN };

struct ocsp_single {
    struct bytes cert_id; /* CertID, whole */
    enum ocsp_status status;
    int64_t revoked_at; /* OCSP_REVOKED only; UTC milliseconds */
    enum crl_reason reason;
    int64_t this_update, next_update; /* next_update 0: left out */
};

/* ResponseData; `nonce` n 0: none. `responder` gives byKey. */
NODISCARD enum err ocsp_response_data(const struct ocsp_single *s, size_t n,
                                      const struct pki_pub *responder, int64_t produced_at,
                                      struct bytes nonce, struct arena *a, struct bytes *data,
                                      struct err_info *e);
/* The whole OCSPResponse, successful. `responder_cert` is put in when given (n 0: left out). */
NODISCARD enum err ocsp_response_sign(struct bytes data, const struct pki_signer *s,
                                      struct bytes responder_cert, struct arena *a,
                                      struct bytes *der, struct err_info *e);

enum ocsp_error {
    OCSP_MALFORMED_REQUEST = 1,
    OCSP_INTERNAL_ERROR = 2,
    OCSP_TRY_LATER = 3,
    OCSP_SIG_REQUIRED = 5,
    OCSP_UNAUTHORIZED = 6,
};
/* Whole OCSPResponse without a body; static. */
struct bytes ocsp_error_response(enum ocsp_error error);

/* What an answer says about `id`, for clients and tests: its signature, by the issuer itself or by a responder that the
 * issuer certified for OCSPSigning (RFC 6960 4.2.2.2), and its times at `at` (±60 s) are checked.
 * ERR_SIGNATURE, ERR_CERT_UNTRUSTED; ERR_NOT_FOUND when it does not speak about the id. */
struct ocsp_answer {
    enum ocsp_status status;
    int64_t revoked_at, this_update, next_update, produced_at;
    enum crl_reason reason;
    struct bytes nonce; /* n 0: none; in the arena */
};
NODISCARD enum err ocsp_response_check(struct bytes der, const struct ocsp_cert_id *id,
                                       struct bytes issuer_cert, int64_t at, struct arena *a,
                                       struct ocsp_answer *out, struct err_info *e);

#endif
