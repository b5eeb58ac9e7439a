/* What a ca and a key management centre sign to each other: the octets, built by this one pair of functions on both sides. What
 * GM/T 0014's KSRequest and KMRespond are for, without its envelope, whose padded private key no UKey can import.
 *
 *   "CERTHALL-KEY-REQUEST-v1" 00 act ca at n, then of each of the n: request_id enc_serial algorithm sign_key not_before not_after user
 *   "CERTHALL-KEY-ANSWER-v1"  00 SM3(the request's octets) at n, then of each: request_id enc_serial error spki envelope blob
 *
 * Every value is counted: its length in 4 octets, big endian, then its octets. Numbers are decimal texts; `at` is in milliseconds,
 * a certificate's times are in seconds since 1970. Where a pair is recovered, algorithm is empty and these times are 0. So two different messages never have the same octets, and an answer serves no other request. */
#ifndef CERTHALL_PKI_ESCROW_H
#define CERTHALL_PKI_ESCROW_H

#include "pki/key.h"

enum {
    ESCROW_LIST_MAX = 64,
    ESCROW_TEXT_MAX = 256,     /* octets of a name or id */
    ESCROW_SERIAL_MAX = 40,    /* hex digits of a serial */
    ESCROW_BYTES_MAX = 1 << 20 /* of either message */
};

/* For certificates that are to be issued, or for a user who has a new UKey and the old certificate's pair again. */
enum escrow_act { ESCROW_GIVE, ESCROW_RECOVER };

struct escrow_item {
    const char *request_id; /* the ca's own */
    const char *enc_serial; /* of the encryption certificate: lower-case hex, whole octets */
    enum pki_alg algorithm; /* of the pair: SM2 or RSA; not looked at where a pair is recovered */
    struct bytes
        sign_key; /* SubjectPublicKeyInfo of the UKey's own key, to which the pair is sealed */
    int64_t not_before, not_after; /* of the certificate, UTC milliseconds; likewise */
    const char *user;              /* whom it names: for the record */
};

struct escrow_request {
    enum escrow_act act;
    const char *ca; /* the name under which its key was entered at the kmc */
    int64_t at;     /* machine time */
    const struct escrow_item *item;
    size_t n;
};

/* ERR_BAD_REQUEST with the field ("keys[3].user"): none or more than ESCROW_LIST_MAX, an empty or too long text, a serial of another
 * spelling, an algorithm that has no pairs. */
NODISCARD enum err escrow_request_bytes(const struct escrow_request *r, struct arena *a,
                                        struct bytes *out, struct err_info *e);

struct escrow_pair {
    const char *request_id, *enc_serial;
    const char *error;     /* code of err.def, such as "kmc.pool"; NULL: there is a pair */
    struct bytes spki;     /* the pair's public key */
    struct bytes envelope; /* SM2EnvelopedKey, or the RSA form (pki/envelope.h) */
    struct bytes blob;     /* SM2: ENVELOPEDKEYBLOB; RSA: none */
};

struct escrow_answer {
    int64_t at;
    const struct escrow_pair *pair; /* in the order of the request's items */
    size_t n;
};

/* `request`: what escrow_request_bytes gave. ERR_BAD_REQUEST: too long. */
NODISCARD enum err escrow_answer_bytes(struct bytes request, const struct escrow_answer *v,
                                       struct arena *a, struct bytes *out, struct err_info *e);

/* ---- what the kmc's custodians sign, two of them ----
 *
 *   "CERTHALL-JUDICIAL-v1"  00 ca enc_serial document reason seal_key
 *   "CERTHALL-CUSTODIAN-v1" 00 act name certificate                    act: "enter" or "end" */

/* A pair that a court wants: of which certificate of which ca, by which document and why, sealed to which key. */
struct escrow_judicial {
    const char *ca, *enc_serial, *document, *reason;
    struct bytes seal_key; /* SubjectPublicKeyInfo */
};
/* ERR_BAD_REQUEST with the field. */
NODISCARD enum err escrow_judicial_bytes(const struct escrow_judicial *r, struct arena *a,
                                         struct bytes *out, struct err_info *e);
/* `certificate`: DER. */
NODISCARD enum err escrow_custodian_bytes(const char *act, const char *name,
                                          struct bytes certificate, struct arena *a,
                                          struct bytes *out, struct err_info *e);

#endif
