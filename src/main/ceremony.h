/* certhall ca ceremony: argv[0] is "ceremony". */
#ifndef CERTHALL_MAIN_CEREMONY_H
#define CERTHALL_MAIN_CEREMONY_H

int ceremony_run(int argc, char **argv);

/* For `certhall ca --help`. */
#define CEREMONY_HELP                                                                                                              \
    "       certhall ca ceremony create --algorithm ALG --out DIR\n"                                                               \
    "       certhall ca ceremony renew --algorithm ALG --root DIR --out DIR\n"                                                     \
    "       certhall ca ceremony list --algorithm ALG --root DIR --out DIR [--revoke CODE]\n"                                      \
    "       certhall ca ceremony verify FILE [--root FILE]\n\n"                                                                    \
    "A ceremony leads operator, witness and custodians through making a root and an issuing CA, rolling the issuing CA over, or\n" \
    "renewing the root's list. Keys are encrypted and their passphrases split; the root's key goes to --out, never into the\n"     \
    "ca's data. All is written, or nothing. The ca does not run meanwhile.\n\n"                                                    \
    "  --out DIR            folder to be made, on the root's medium: key, certificates, list, signed transcript\n"                 \
    "  --root DIR           renew, list: the folder with the root's key. verify: the root's certificate\n"                         \
    "  --shares-to DIR      folder to be made for files of shares (0400); without it each custodian sees his on the screen\n"      \
    "  --credential FILE    also the issuing key's passphrase, for systemd-creds encrypt (ca.conf: passphrases)\n"                 \
    "  --hsm-token LABEL --hsm-key LABEL   the issuing CA's key is there already, in the HSM of ca.conf's pkcs11_module\n"         \
    "  --answers FILE       nobody is asked; the file says it (docs/ca-guide.md)\n"

#endif
