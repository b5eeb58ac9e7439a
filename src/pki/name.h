/* Distinguished names: from parts to DER and back, and as a text (RFC 5280 4.1.2.4, RFC 4514).
 *
 * Values are UTF8String; country and serialNumber PrintableString, e-mail and DC IA5String. Upper bounds are those
 * of RFC 5280 appendix A.1 and count characters, not octets: an institution's name may have 64 Chinese
 * characters. Each RDN has one attribute. */
#ifndef CERTHALL_PKI_NAME_H
#define CERTHALL_PKI_NAME_H

#include "base/err.h"
#include "base/mem.h"

enum name_type {
    NAME_C,
    NAME_ST,
    NAME_L,
    NAME_STREET,
    NAME_O,
    NAME_OU,
    NAME_CN,
    NAME_SERIAL_NUMBER,
    NAME_TITLE,
    NAME_SURNAME,
    NAME_GIVEN_NAME,
    NAME_ORGANIZATION_ID,
    NAME_EMAIL,
    NAME_UID,
    NAME_DC,
    NAME_OTHER, /* met when reading only */
};

enum { NAME_PARTS_MAX = 16 };

struct name_part {
    enum name_type type;
    const char *value; /* UTF-8 */
};

struct name {
    struct name_part part[NAME_PARTS_MAX];
    size_t n;
};

/* DER of the parts, in order. ERR_NAME with field "CN", "O", … and {why}: empty, too long, not UTF-8, control
 * characters, spaces at the ends, characters that the type does not have. */
NODISCARD enum err name_encode(const struct name_part *part, size_t n, struct arena *a,
                               struct bytes *der, struct err_info *e);
/* Parts of a Name; values of other string types become UTF-8. Texts in the arena. */
NODISCARD enum err name_decode(struct bytes der, struct arena *a, struct name *out,
                               struct err_info *e);
/* RFC 4514: last RDN first, escaped ("CN=张三,O=a\\, b,C=CN"). */
NODISCARD enum err name_text(struct bytes der, struct arena *a, char **out, struct err_info *e);
/* First value of a type, or NULL. */
const char *name_get(const struct name *n, enum name_type type);
/* "C", "O", "CN" …; for profiles and messages. */
const char *name_type_text(enum name_type type);
int name_type_from_text(const char *text, enum name_type *out);

#endif
