// BouncyCastle as the second opinion on SM2 and the rest: what it takes, what it makes, and HPKE by the JDK alone.
//   java -cp … Interop.java VERB DIR [VERB DIR …]
// check: prints a word for each thing of DIR that holds. issued: the same for what a running system issued and revoked. profile: a word for each certificate of a profile. sealed: opens DIR/sealed with DIR/user.key, seals DIR/java.sealed.
// request: makes an SM2 request DIR/java.csr.
import java.io.*;
import java.math.BigInteger;
import java.nio.file.*;
import java.security.*;
import java.security.cert.*;
import java.security.interfaces.ECPublicKey;
import java.security.spec.*;
import java.util.*;
import javax.crypto.*;
import javax.crypto.spec.*;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.cert.ocsp.*;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.openssl.PEMParser;
import org.bouncycastle.operator.ContentVerifierProvider;
import org.bouncycastle.operator.jcajce.*;
import org.bouncycastle.pkcs.*;
import org.bouncycastle.pkcs.jcajce.JcaPKCS10CertificationRequestBuilder;

public class Interop {
    static Path dir;

    static byte[] read(String name) throws IOException {
        return Files.readAllBytes(dir.resolve(name));
    }

    static X509Certificate cert(String name) throws Exception {
        return (X509Certificate) CertificateFactory.getInstance("X.509", "BC")
            .generateCertificate(new ByteArrayInputStream(read(name)));
    }

    static X509CRL crl(String name) throws Exception {
        return (X509CRL) CertificateFactory.getInstance("X.509", "BC")
            .generateCRL(new ByteArrayInputStream(read(name)));
    }

    static ContentVerifierProvider by(PublicKey key) throws Exception {
        return new JcaContentVerifierProviderBuilder().setProvider("BC").build(key);
    }

    static void holds(String what, boolean ok) {
        System.out.println((ok ? "" : "NOT ") + what);
    }

    static boolean path(String leaf, boolean revocation) throws Exception {
        return path(leaf, "ca.pem", List.of(crl("ca.crl"), crl("root.crl")), revocation);
    }

    static boolean path(String leaf, String ca, List<X509CRL> lists, boolean revocation) throws Exception {
        PKIXParameters p = new PKIXParameters(Set.of(new TrustAnchor(cert("root.pem"), null)));
        p.setRevocationEnabled(revocation);
        p.addCertStore(CertStore.getInstance("Collection", new CollectionCertStoreParameters(lists), "BC"));
        CertPath way = CertificateFactory.getInstance("X.509", "BC")
            .generateCertPath(List.of(cert(leaf), cert(ca)));
        try {
            return CertPathValidator.getInstance("PKIX", "BC").validate(way, p) != null;
        } catch (CertPathValidatorException e) {
            System.err.println(leaf + ": " + e.getMessage());
            return false;
        }
    }

    // The certificate of whose key signed the answer; null where the issuer did not certify it for that.
    static X509Certificate responder(BasicOCSPResp b, String ca) throws Exception {
        X509Certificate inside = new org.bouncycastle.cert.jcajce.JcaX509CertificateConverter()
            .setProvider("BC").getCertificate(b.getCerts()[0]);
        inside.verify(cert(ca).getPublicKey(), "BC");
        boolean may = inside.getExtendedKeyUsage().contains("1.3.6.1.5.5.7.3.9")
            && b.isSignatureValid(by(inside.getPublicKey()));
        return may ? inside : null;
    }

    static boolean says(BasicOCSPResp b, boolean good) {
        Object status = b.getResponses()[0].getCertStatus();
        return good ? status == null : status instanceof RevokedStatus;
    }

    static void answer(String name, X509Certificate responder, boolean good) throws Exception {
        BasicOCSPResp b = (BasicOCSPResp) new OCSPResp(read(name)).getResponseObject();
        holds("ocsp-" + (good ? "good" : "revoked"), responder.equals(responder(b, "ca.pem")) && says(b, good));
    }

    static void issuedAnswer(String status) throws Exception {
        BasicOCSPResp b = (BasicOCSPResp) new OCSPResp(read("ocsp-" + status + ".der")).getResponseObject();
        holds("ocsp-" + status, responder(b, "issuing.pem") != null && says(b, status.equals("good"))
            && b.getResponses()[0].getCertID().getSerialNumber().equals(cert("certificate.pem").getSerialNumber()));
    }

    static void issued() throws Exception {
        List<X509CRL> lists = List.of(crl("issuing-crl.pem"), crl("root-crl.pem"));
        lists.get(0).verify(cert("issuing.pem").getPublicKey(), "BC");
        lists.get(1).verify(cert("root.pem").getPublicKey(), "BC");
        holds("crl", lists.get(0).isRevoked(cert("certificate.pem")) && !lists.get(1).isRevoked(cert("issuing.pem")));
        holds("path", path("certificate.pem", "issuing.pem", lists, false));
        holds("revoked-path-refused", !path("certificate.pem", "issuing.pem", lists, true));
        issuedAnswer("good");
        issuedAnswer("revoked");
    }

    static void check() throws Exception {
        holds("path", path("user.pem", true));
        holds("revoked-path-refused", path("revoked.pem", false) && !path("revoked.pem", true));
        X509CRL list = crl("ca.crl");
        list.verify(cert("ca.pem").getPublicKey(), "BC");
        holds("crl", list.isRevoked(cert("revoked.pem")) && !list.isRevoked(cert("user.pem")));
        answer("good.ocsp", cert("responder.pem"), true);
        answer("revoked.ocsp", cert("responder.pem"), false);
        try (PEMParser p = new PEMParser(new StringReader(new String(read("user.csr"), "US-ASCII")))) {
            PKCS10CertificationRequest q = (PKCS10CertificationRequest) p.readObject();
            holds("csr", q.isSignatureValid(new JcaContentVerifierProviderBuilder().setProvider("BC")
                .build(q.getSubjectPublicKeyInfo())));
        }
        boolean[] usage = cert("user.pem").getKeyUsage();
        holds("usage", usage[0] && usage[1] && !usage[2] && cert("user.pem").getBasicConstraints() == -1
            && cert("ca.pem").getBasicConstraints() == 0);
    }

    // What a shipped profile makes: each on its path; of a pair one signs and one enciphers; the empty id is none of BouncyCastle's.
    static void profile() throws Exception {
        String code = dir.getFileName().toString();
        for (String name : List.of("single", "signing", "encryption", "empty")) {
            if (!Files.exists(dir.resolve(name + ".pem")))
                continue;
            X509Certificate c = cert(name + ".pem");
            boolean[] u = c.getKeyUsage();
            boolean signs = u[0], enciphers = u[2] && u[3];
            boolean usage = name.equals("encryption") ? enciphers && !signs : signs && !enciphers;
            boolean way = path(name + ".pem", "ca.pem", List.of(), false);
            holds(code + "/" + name, usage && c.getCriticalExtensionOIDs().contains("2.5.29.15") && way != name.equals("empty"));
        }
    }

    // ---- HPKE (RFC 9180) once more, on the JDK's ECDH, HMAC and AES-GCM ----

    static final byte[] KEM = cat("KEM".getBytes(), new byte[] {0, 0x10});
    static final byte[] SUITE = cat("HPKE".getBytes(), new byte[] {0, 0x10, 0, 1, 0, 2});

    static byte[] cat(byte[]... parts) {
        ByteArrayOutputStream o = new ByteArrayOutputStream();
        for (byte[] p : parts)
            o.writeBytes(p);
        return o.toByteArray();
    }

    static byte[] hmac(byte[] key, byte[] data) throws Exception {
        Mac m = Mac.getInstance("HmacSHA256");
        m.init(new SecretKeySpec(key.length == 0 ? new byte[32] : key, "HmacSHA256"));
        return m.doFinal(data);
    }

    static byte[] extract(byte[] suite, String label, byte[] salt, byte[] ikm) throws Exception {
        return hmac(salt, cat("HPKE-v1".getBytes(), suite, label.getBytes(), ikm));
    }

    static byte[] expand(byte[] suite, byte[] prk, String label, byte[] info, int n) throws Exception {
        byte[] l = cat(new byte[] {0, (byte) n}, "HPKE-v1".getBytes(), suite, label.getBytes(), info);
        return Arrays.copyOf(hmac(prk, cat(l, new byte[] {1})), n);
    }

    static byte[] fixed(BigInteger v) {
        byte[] b = v.toByteArray(), out = new byte[32];
        int n = Math.min(32, b.length);
        System.arraycopy(b, b.length - n, out, 32 - n, n);
        return out;
    }

    static byte[] point(PublicKey k) {
        ECPoint w = ((ECPublicKey) k).getW();
        return cat(new byte[] {4}, fixed(w.getAffineX()), fixed(w.getAffineY()));
    }

    static byte[] hpke(int mode, PrivateKey mine, PublicKey theirs, byte[] enc, byte[] recipient, byte[] in)
        throws Exception {
        KeyAgreement ka = KeyAgreement.getInstance("ECDH", "SunEC");
        ka.init(mine);
        ka.doPhase(theirs, true);
        byte[] none = new byte[0];
        byte[] shared = expand(KEM, extract(KEM, "eae_prk", none, ka.generateSecret()), "shared_secret",
            cat(enc, recipient), 32);
        byte[] context = cat(new byte[] {0}, extract(SUITE, "psk_id_hash", none, none),
            extract(SUITE, "info_hash", none, "interop".getBytes()));
        byte[] secret = extract(SUITE, "secret", shared, none);
        Cipher c = Cipher.getInstance("AES/GCM/NoPadding");
        c.init(mode, new SecretKeySpec(expand(SUITE, secret, "key", context, 32), "AES"),
            new GCMParameterSpec(128, expand(SUITE, secret, "base_nonce", context, 12)));
        c.updateAAD("a".getBytes());
        return c.doFinal(in);
    }

    static PublicKey fromPoint(byte[] p) throws Exception {
        AlgorithmParameters params = AlgorithmParameters.getInstance("EC", "SunEC");
        params.init(new ECGenParameterSpec("secp256r1"));
        ECPoint w = new ECPoint(new BigInteger(1, Arrays.copyOfRange(p, 1, 33)),
            new BigInteger(1, Arrays.copyOfRange(p, 33, 65)));
        return KeyFactory.getInstance("EC", "SunEC")
            .generatePublic(new ECPublicKeySpec(w, params.getParameterSpec(ECParameterSpec.class)));
    }

    static void sealed() throws Exception {
        String pem = new String(read("user.key"), "US-ASCII").replaceAll("-----[^-]*-----|\\s", "");
        PrivateKey mine = KeyFactory.getInstance("EC", "SunEC")
            .generatePrivate(new PKCS8EncodedKeySpec(Base64.getDecoder().decode(pem)));
        CertificateFactory f = CertificateFactory.getInstance("X.509", "SUN");
        PublicKey pub = f.generateCertificate(new ByteArrayInputStream(read("user.pem"))).getPublicKey();
        byte[] in = read("sealed"), enc = Arrays.copyOf(in, 65);
        byte[] plain = hpke(Cipher.DECRYPT_MODE, mine, fromPoint(enc), enc, point(pub),
            Arrays.copyOfRange(in, 65, in.length));
        holds("hpke-opened", new String(plain).equals("K7M2QX9TPD4VH3RA"));
        KeyPairGenerator g = KeyPairGenerator.getInstance("EC", "SunEC");
        g.initialize(new ECGenParameterSpec("secp256r1"));
        KeyPair e = g.generateKeyPair();
        enc = point(e.getPublic());
        byte[] out = hpke(Cipher.ENCRYPT_MODE, e.getPrivate(), pub, enc, point(pub), "sealed by the JDK".getBytes());
        Files.write(dir.resolve("java.sealed"), cat(enc, out));
    }

    static void request() throws Exception {
        KeyPairGenerator g = KeyPairGenerator.getInstance("EC", "BC");
        g.initialize(new ECGenParameterSpec("sm2p256v1"));
        KeyPair k = g.generateKeyPair();
        PKCS10CertificationRequest q = new JcaPKCS10CertificationRequestBuilder(
            new X500Name("CN=BouncyCastle,C=CN"), k.getPublic())
            .build(new JcaContentSignerBuilder("SM3WITHSM2").setProvider("BC").build(k.getPrivate()));
        Files.write(dir.resolve("java.csr"), q.getEncoded());
    }

    public static void main(String[] args) throws Exception {
        Security.addProvider(new BouncyCastleProvider());
        for (int i = 0; i + 1 < args.length; i += 2) {
            dir = Paths.get(args[i + 1]);
            switch (args[i]) {
            case "check" -> check();
            case "sealed" -> sealed();
            case "issued" -> issued();
            case "profile" -> profile();
            default -> request();
            }
        }
    }
}
