//! Files that hold secrets by what is in them, whatever their names.

/// What a store of keys begins with.
const STORES: [&[u8]; 8] = [
    // Java's key stores, of two kinds.
    &[0xfe, 0xed, 0xfe, 0xed],
    &[0xce, 0xce, 0xce, 0xce],
    // KeePass.
    &[0x03, 0xd9, 0xa2, 0x9a],
    b"PuTTY-User-Key-File-",
    b"AGE-SECRET-KEY-1",
    b"age-encryption.org/",
    b"openssh-key-v1\0",
    b"SQLCipher",
];

/// How far into a file its kind is looked for, in bytes.
const HEAD: usize = 64 * 1024;

/// Whether a file is a key, a store of keys or the account of a service, and no more: a private
/// key is the first thing in it. Code with a key in it is none, and is shown masked.
pub fn is_key_file(bytes: &[u8]) -> bool {
    let head = &bytes[..bytes.len().min(HEAD)];
    if STORES.iter().any(|store| head.starts_with(store)) || is_pkcs12(head) {
        return true;
    }
    let text = String::from_utf8_lossy(head);
    let text = text.trim_start_matches('\u{feff}').trim_start();
    if text.starts_with("-----BEGIN ") || text.starts_with("Bag Attributes") {
        return text.contains("PRIVATE KEY");
    }
    // A comment may stand before a key of age.
    let first = text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#'));
    if first.is_some_and(|line| line.starts_with("AGE-SECRET-KEY-1")) {
        return true;
    }
    text.starts_with('{') && is_account(text)
}

/// Whether a text is the account of a service, or a private key, in JSON.
fn is_account(text: &str) -> bool {
    let compact: String = text.chars().filter(|letter| !letter.is_whitespace()).collect();
    let account = compact.contains("\"type\":\"service_account\"")
        || compact.contains("\"type\":\"authorized_user\"")
        || compact.contains("\"type\":\"external_account\"");
    let names_key = compact.contains("\"private_key\":") || compact.contains("\"refresh_token\":");
    let is_web_key = compact.contains("\"kty\":\"") && compact.contains("\"d\":\"");
    (account && names_key) || is_web_key
}

/// Whether bytes begin a PKCS #12 store: a sequence that begins with version 3.
fn is_pkcs12(bytes: &[u8]) -> bool {
    let Some((0x30, rest)) = bytes.split_first().map(|(first, rest)| (*first, rest)) else {
        return false;
    };
    let length = match rest.first() {
        Some(0x80..=0x84) => 1 + usize::from(rest[0] & 0x7f),
        Some(_) => 1,
        None => return false,
    };
    rest.get(length..).is_some_and(|rest| rest.starts_with(&[0x02, 0x01, 0x03]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_known_by_what_is_in_it() {
        let begin = |kind: &str| format!("\u{feff}\n-----BEGIN {kind}-----\nAAAA\n");
        let secret = [
            begin("RSA PRIVATE KEY").into_bytes(),
            begin("PGP PRIVATE KEY BLOCK").into_bytes(),
            format!("{}{}", begin("CERTIFICATE"), begin("PRIVATE KEY")).into_bytes(),
            b"{ \"type\": \"service_account\",\n \"private_key\": \"x\" }".to_vec(),
            b"# created\n# public key: age1x\nAGE-SECRET-KEY-1QQ\n".to_vec(),
            vec![0xfe, 0xed, 0xfe, 0xed, 0, 0],
            vec![0x30, 0x82, 0x0a, 0x10, 0x02, 0x01, 0x03, 0x30],
            b"{\"kty\":\"RSA\",\"n\":\"x\",\"d\":\"y\"}".to_vec(),
        ];
        for bytes in secret {
            assert!(is_key_file(&bytes), "{}", String::from_utf8_lossy(&bytes));
        }
        let code = format!("const key = `{}`;", begin("RSA PRIVATE KEY"));
        for text in
            [code.as_str(), &begin("CERTIFICATE"), "{\"type\": \"service_account\"}", "", "0"]
        {
            assert!(!is_key_file(text.as_bytes()), "{text}");
        }
    }
}
