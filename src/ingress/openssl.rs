//! Names that OpenSSL reads: lists of ciphers and of groups. What it surely refuses is told, and nothing is claimed of the rest.

/// Classes of ciphers (`cipher_aliases` of `ssl_ciph.c`), and words that stand for a whole list.
const CLASSES: &[&str] = &[
    "3DES",
    "ADH",
    "AECDH",
    "AES",
    "AES128",
    "AES256",
    "AESCCM",
    "AESCCM8",
    "AESGCM",
    "ALL",
    "ARIA",
    "ARIA128",
    "ARIA256",
    "ARIAGCM",
    "CAMELLIA",
    "CAMELLIA128",
    "CAMELLIA256",
    "CBC",
    "CHACHA20",
    "COMPLEMENTOFALL",
    "COMPLEMENTOFDEFAULT",
    "DEFAULT",
    "DES",
    "DH",
    "DHE",
    "DSS",
    "ECDH",
    "ECDHE",
    "ECDSA",
    "EDH",
    "EECDH",
    "FIPS",
    "GOST12",
    "GOST2012",
    "GOST89",
    "GOST89MAC",
    "GOST94",
    "HIGH",
    "IDEA",
    "LOW",
    "MD5",
    "MEDIUM",
    "NULL",
    "PSK",
    "RC2",
    "RC4",
    "RSA",
    "SEED",
    "SHA",
    "SHA1",
    "SHA256",
    "SHA384",
    "SRP",
    "SSLv3",
    "SUITEB128",
    "SUITEB128C2",
    "SUITEB128ONLY",
    "SUITEB192",
    "TLSv1",
    "TLSv1.0",
    "TLSv1.2",
    "aDSS",
    "aECDSA",
    "aGOST",
    "aGOST01",
    "aGOST12",
    "aNULL",
    "aPSK",
    "aRSA",
    "aSRP",
    "eNULL",
    "kDHE",
    "kDHEPSK",
    "kECDHE",
    "kECDHEPSK",
    "kEDH",
    "kEECDH",
    "kGOST",
    "kGOST18",
    "kPSK",
    "kRSA",
    "kRSAPSK",
    "kSRP",
];

/// What names of ciphers are made of, such as `ECDHE-RSA-AES128-GCM-SHA256`.
const PARTS: &[&str] = &[
    "128",
    "256",
    "3DES",
    "ADH",
    "AECDH",
    "AES",
    "AES128",
    "AES256",
    "ARIA128",
    "ARIA256",
    "CAMELLIA128",
    "CAMELLIA256",
    "CBC",
    "CBC3",
    "CCM",
    "CCM8",
    "CHACHA20",
    "DES",
    "DHE",
    "DSS",
    "ECDHE",
    "ECDSA",
    "EDE",
    "EDH",
    "GCM",
    "GOST2001",
    "GOST2012",
    "GOST8912",
    "GOST89",
    "GOST94",
    "IANA",
    "IDEA",
    "KUZNYECHIK",
    "KUZNYECHIKOMAC",
    "LEGACY",
    "MAGMA",
    "MAGMAOMAC",
    "MD5",
    "NULL",
    "POLY1305",
    "PSK",
    "RC4",
    "RSA",
    "SEED",
    "SHA",
    "SHA256",
    "SHA384",
    "SRP",
];

/// Groups of `ssl_ecdh_curve`, in lower case.
const GROUPS: &[&str] = &[
    "brainpoolp256r1",
    "brainpoolp256r1tls13",
    "brainpoolp384r1",
    "brainpoolp384r1tls13",
    "brainpoolp512r1",
    "brainpoolp512r1tls13",
    "curvesm2",
    "default",
    "ffdhe2048",
    "ffdhe3072",
    "ffdhe4096",
    "ffdhe6144",
    "ffdhe8192",
    "mlkem1024",
    "mlkem512",
    "mlkem768",
    "p-192",
    "p-224",
    "p-256",
    "p-384",
    "p-521",
    "prime192v1",
    "prime256v1",
    "secp160k1",
    "secp160r1",
    "secp160r2",
    "secp192k1",
    "secp192r1",
    "secp224k1",
    "secp224r1",
    "secp256k1",
    "secp256r1",
    "secp256r1mlkem768",
    "secp384r1",
    "secp384r1mlkem1024",
    "secp521r1",
    "x25519",
    "x25519mlkem768",
    "x448",
    "x448mlkem1024",
];

/// What OpenSSL says against a list of ciphers (`ssl_cipher_process_rulestr`).
pub(super) fn ciphers(list: &str) -> Option<String> {
    let is_separator = |character: char| ":;, ".contains(character);
    let is_of_name = |character: char| character.is_ascii_alphanumeric() || "-_.=".contains(character);
    let invalid = || Some(format!("`{list}` is no list of ciphers: invalid command"));
    let mut rest = list;
    let mut added = false;
    while let Some(first) = rest.chars().next() {
        if is_separator(first) {
            rest = &rest[1..];
            continue;
        }
        let behind = rest.strip_prefix(['-', '+', '!', '@']);
        let rule = behind.unwrap_or(rest);
        let end = rule.find(|character| !is_of_name(character) && character != '+').unwrap_or(rule.len());
        let (name, after) = rule.split_at(end);
        let command = first == '@';
        if name.split('+').any(str::is_empty) || (command && !is_command(name)) {
            return invalid();
        }
        let known = !command && name.split('+').all(is_cipher);
        added |= known && behind.is_none();
        // Behind a name that is known another rule may follow at once; what follows an unknown one is passed over.
        rest = if known { after } else { &after[after.find(is_separator).unwrap_or(after.len())..] };
    }
    (!added).then(|| format!("no cipher match for `{list}`"))
}

fn is_command(name: &str) -> bool {
    name == "STRENGTH" || name.strip_prefix("SECLEVEL=").is_some_and(|level| ["0", "1", "2", "3", "4", "5"].contains(&level))
}

fn is_cipher(name: &str) -> bool {
    CLASSES.contains(&name)
        || (name.starts_with("TLS_") && name.contains("_WITH_"))
        || (name.contains('-') && name.split('-').all(|part| PARTS.contains(&part)))
}

/// What OpenSSL says against a list of groups; `auto` is of nginx. A group with a question mark need not be known.
pub(super) fn groups(list: &str) -> Option<String> {
    if list == "auto" {
        return None;
    }
    let mut names = list.split([':', '/']).filter(|name| !name.starts_with('?') && !name.starts_with("*?"));
    let unknown = names.find(|name| !GROUPS.contains(&name.trim_start_matches(['*', '-']).to_ascii_lowercase().as_str()))?;
    // Curves over binary fields depend on how it was built.
    (!unknown.starts_with("sect")).then(|| format!("group `{unknown}` cannot be set"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_without_a_known_cipher_is_refused() {
        for list in [
            "none",
            "none:nothing",
            "!aNULL",
            "ALL\n",
            "HIGH:\n",
            "@FOO",
            "HIGH:@FOO",
            "HIGH:!:AES",
            "ECDHE+none",
            "TLS_AES_128_GCM_SHA256",
        ] {
            assert!(ciphers(list).is_some(), "{list:?}");
        }
    }

    #[test]
    fn a_list_with_a_known_cipher_is_taken() {
        for list in [
            "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256",
            "HIGH:!aNULL:!MD5",
            "EECDH+AESGCM:EDH+AESGCM",
            "none:AES128-SHA",
            "ECDHE-RSA-CHACHA20-POLY1305 DEFAULT@SECLEVEL=1",
            "ALL:@STRENGTH:@SECLEVEL=0",
            "AES128-SHA!x",
            "none!x:AES128-SHA",
            "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
        ] {
            assert_eq!(ciphers(list), None, "{list}");
        }
    }

    #[test]
    fn groups_have_several_names() {
        assert_eq!((groups("auto"), groups("X25519:prime256v1:P-384"), groups("?nosuch:x448")), (None, None, None));
        assert!(groups("bogus").is_some() && groups("X25519:").is_some());
    }
}
