//! The servers of the recordings: echo servers that do what paths below `/lab` say, and users of Secrets.

use std::collections::BTreeMap;

use gateshift::{
    k8s::{Inventory, NamespacedName},
    request::{BackendAnswer, Header, Request, Scheme, World},
};
use serde_yaml::Value;

use super::nginx_truth::{list, text};

/// Services that answer as the echo servers do.
pub(crate) struct Echo<'i> {
    inventory: &'i Inventory,
    users: BTreeMap<NamespacedName, BTreeMap<String, String>>,
}

fn decode(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'+' => bytes.push(b' '),
            b'%' => {
                let digits: Vec<u8> = rest.by_ref().take(2).collect();
                let digits = std::str::from_utf8(&digits).unwrap_or("");
                bytes.push(u8::from_str_radix(digits, 16).unwrap_or(b'%'));
            }
            byte => bytes.push(byte),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn number_below(path: &str, prefix: &str) -> Option<u64> {
    let rest = path.strip_prefix(prefix)?;
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    rest[..end].parse().ok()
}

impl<'i> Echo<'i> {
    /// Users are read from the text of the objects, as inventories keep no secrets.
    pub(crate) fn new(inventory: &'i Inventory, given: &str) -> Self {
        let mut users: BTreeMap<NamespacedName, BTreeMap<String, String>> = BTreeMap::new();
        for document in serde_yaml::Deserializer::from_str(given) {
            let Ok(document) = <Value as serde::Deserialize>::deserialize(document) else { continue };
            if text(&document, "kind") != "Secret" {
                continue;
            }
            let meta = document.get("metadata").expect("metadata");
            let namespace = Some(text(meta, "namespace")).filter(|namespace| !namespace.is_empty()).unwrap_or("default");
            let found = users.entry(NamespacedName::new(namespace, text(meta, "name"))).or_default();
            for (bag, encoded) in [("stringData", false), ("data", true)] {
                for (key, value) in document.get(bag).and_then(Value::as_mapping).into_iter().flatten() {
                    let (Some(key), Some(value)) = (key.as_str(), value.as_str()) else { continue };
                    let value = if encoded { String::from_utf8_lossy(&base64(value)).into_owned() } else { value.to_owned() };
                    if key == "auth" {
                        let lines = value.lines().filter_map(|line| line.trim().split_once(':'));
                        found.extend(lines.map(|(user, hash)| (user.to_owned(), hash.to_owned())));
                    } else {
                        found.insert(key.to_owned(), value.trim().to_owned());
                    }
                }
            }
        }
        Self { inventory, users }
    }
}

fn base64(text: &str) -> Vec<u8> {
    let (mut bits, mut count, mut bytes) = (0_u32, 0, Vec::new());
    for byte in text.bytes() {
        let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let Some(value) = alphabet.iter().position(|&known| known == byte) else { continue };
        bits = (bits << 6) | u32::try_from(value).expect("six bits");
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from((bits >> count) & 0xff).expect("byte"));
        }
    }
    bytes
}

/// `{SHA}` of htpasswd: SHA-1.
#[expect(clippy::many_single_char_names, reason = "the letters of the standard")]
fn sha1(message: &[u8]) -> [u8; 20] {
    let mut state: [u32; 5] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0xc3d2_e1f0];
    let mut padded = message.to_vec();
    padded.push(0x80);
    while padded.len() % 64 != 56 {
        padded.push(0);
    }
    padded.extend_from_slice(&(8 * message.len() as u64).to_be_bytes());
    for block in padded.chunks(64) {
        let mut words = [0_u32; 80];
        for (word, bytes) in words.iter_mut().zip(block.chunks(4)) {
            *word = u32::from_be_bytes(bytes.try_into().expect("four bytes"));
        }
        for at in 16..80 {
            words[at] = (words[at - 3] ^ words[at - 8] ^ words[at - 14] ^ words[at - 16]).rotate_left(1);
        }
        let [mut a, mut b, mut c, mut d, mut e] = state;
        for (at, word) in words.iter().enumerate() {
            let (f, k) = match at {
                0..=19 => ((b & c) | (!b & d), 0x5a82_7999),
                20..=39 => (b ^ c ^ d, 0x6ed9_eba1),
                40..=59 => ((b & c) | (b & d) | (c & d), 0x8f1b_bcdc),
                _ => (b ^ c ^ d, 0xca62_c1d6),
            };
            let next = a.rotate_left(5).wrapping_add(f).wrapping_add(e).wrapping_add(k).wrapping_add(*word);
            (e, d, c, b, a) = (d, c, b.rotate_left(30), a, next);
        }
        for (slot, value) in state.iter_mut().zip([a, b, c, d, e]) {
            *slot = slot.wrapping_add(value);
        }
    }
    let mut digest = [0; 20];
    for (bytes, word) in digest.chunks_mut(4).zip(state) {
        bytes.copy_from_slice(&word.to_be_bytes());
    }
    digest
}

impl World for Echo<'_> {
    fn authentication(&self, url: &str) -> Option<u16> {
        let rest = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"))?;
        let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let mut labels = host.split(':').next().unwrap_or_default().split('.');
        let (name, namespace) = (labels.next()?, labels.next().unwrap_or_default());
        if !self.inventory.services.contains_key(&NamespacedName::new(namespace, name)) {
            return Some(502);
        }
        Some(number_below(path, "/lab/status/").and_then(|status| u16::try_from(status).ok()).unwrap_or(200))
    }

    fn password(&self, secret: &NamespacedName, user: &str, password: &str) -> Option<bool> {
        let Some(hash) = self.users.get(secret)?.get(user) else { return Some(false) };
        if let Some(plain) = hash.strip_prefix("{PLAIN}") {
            return Some(plain == password);
        }
        if let Some(digest) = hash.strip_prefix("{SHA}") {
            return Some(base64(digest) == sha1(password.as_bytes()));
        }
        // The one password that the recordings keep in this form.
        hash.starts_with("$apr1$").then_some(password == "hunter2")
    }

    fn backend(&self, _backend: &str, target: &str) -> Option<BackendAnswer> {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let status = number_below(path, "/lab/status/").and_then(|status| u16::try_from(status).ok()).unwrap_or(200);
        let mut headers = Vec::new();
        for pair in query.split('&') {
            let Some((key, value)) = pair.split_once('=') else { continue };
            if let Some((name, value)) = decode(value).split_once(':').filter(|_| key == "lab-header") {
                headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
            }
        }
        Some(BackendAnswer { status, headers, delay: number_below(path, "/lab/sleep/").unwrap_or(0) })
    }
}

/// A request of a recording.
pub(crate) fn request(value: &Value, client: &str) -> Request {
    let scheme = if text(value, "scheme") == "https" { Scheme::Https } else { Scheme::Http };
    let host = value.get("host").and_then(Value::as_str).map(str::to_owned);
    let mut headers = Vec::new();
    for (name, values) in value.get("headers").and_then(Value::as_mapping).into_iter().flatten() {
        let name = name.as_str().unwrap_or_default();
        let one = [values.clone()];
        for value in values.as_sequence().map_or(&one[..], Vec::as_slice) {
            headers.push(Header { name: name.to_owned(), value: super::nginx_truth::scalar(value) });
        }
    }
    let sni = match value.get("sni") {
        Some(sni) => sni.as_str().map(str::to_owned),
        None => host.as_deref().map(|host| host.split(':').next().unwrap_or(host).to_owned()),
    };
    let client = ["client", "from"].iter().map(|key| text(value, key)).find(|text| !text.is_empty()).unwrap_or(client);
    Request {
        method: Some(text(value, "method")).filter(|method| !method.is_empty()).unwrap_or("GET").to_owned(),
        scheme,
        sni: sni.filter(|_| scheme == Scheme::Https),
        host,
        target: text(value, "path").to_owned(),
        headers,
        body_bytes: value.get("body_bytes").and_then(Value::as_u64).unwrap_or(0),
        chunked: value.get("chunked").and_then(Value::as_bool).unwrap_or(false),
        http_version: value.get("http_version").map_or_else(|| "1.1".to_owned(), super::nginx_truth::scalar),
        client: client.to_owned(),
        port: value.get("port").and_then(Value::as_u64).and_then(|port| u16::try_from(port).ok()),
        client_certificate: value.get("client_cert").map(super::nginx_truth::scalar),
    }
}

/// Elements of a header value that may be a list.
pub(crate) fn joined(value: &Value) -> String {
    match value.as_sequence() {
        Some(values) => values.iter().map(super::nginx_truth::scalar).collect::<Vec<_>>().join(", "),
        None => super::nginx_truth::scalar(value),
    }
}

/// All exchanges of a case.
pub(crate) fn exchanges(case: &Value) -> &[Value] {
    list(case, "exchanges")
}
