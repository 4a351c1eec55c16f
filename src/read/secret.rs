//! Secrets: names, types and certificate names. Keys are never kept, not even in the text that messages quote.

use std::collections::BTreeSet;

use x509_parser::{extensions::GeneralName, pem::Pem, prelude::X509Certificate};

use super::meta::{scalar_text, text};
use crate::{
    k8s::{ObjectId, ObjectMeta, Secret},
    yaml::{Node, ScalarStyle, Span, decode_base64},
};

/// Reads a Secret.
pub(super) fn read(root: &Node, id: ObjectId, mut meta: ObjectMeta) -> Secret {
    meta.annotations.shift_remove(LAST_APPLIED);
    let mut keys = BTreeSet::new();
    let mut sha_keys = BTreeSet::new();
    let mut certificate = None;
    for bag in ["data", "stringData"] {
        for (key, value) in root.get(bag).map_or(&[][..], Node::entries) {
            let (Some(key), Some(value)) = (key.as_text(), value.as_scalar()) else { continue };
            let value = scalar_text(value);
            if value.is_empty() {
                continue;
            }
            // Only whether the hashes are of this kind is kept, never a hash.
            let is_sha = if bag == "data" { decode_base64(&value).is_some_and(|bytes| is_sha(&bytes)) } else { is_sha(value.as_bytes()) };
            if is_sha {
                sha_keys.insert(key.to_owned());
            }
            // With an authority that is no certificate the controller reads nothing of the Secret.
            let plain = if bag == "data" { decode_base64(&value) } else { Some(value.into_owned().into_bytes()) };
            if key == "ca.crt" && plain.as_deref().is_some_and(|pem| !is_certificate(pem)) {
                continue;
            }
            if key == "tls.crt" {
                certificate = plain;
            }
            keys.insert(key.to_owned());
        }
    }
    Secret {
        id,
        meta,
        kind: Some(text(root, "type")).filter(|kind| !kind.is_empty()).unwrap_or_else(|| "Opaque".to_owned()),
        keys: Some(keys.into_iter().collect()),
        sha_keys: Some(sha_keys.into_iter().collect()),
        certificate_names: certificate.and_then(|pem| certificate_names(&pem)),
    }
}

/// An htpasswd file whose every line has a `{SHA}` hash.
fn is_sha(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')).peekable();
    lines.peek().is_some() && lines.all(|line| line.split_once(':').is_some_and(|(_, hash)| hash.starts_with("{SHA}")))
}

/// A block of a certificate begins somewhere; what stands in it may have been taken out.
fn is_certificate(bytes: &[u8]) -> bool {
    const BEGIN: &[u8] = b"-----BEGIN CERTIFICATE-----";
    bytes.windows(BEGIN.len()).any(|window| window == BEGIN)
}

/// DNS names of the first certificate: its subject alternative names, else its common name.
fn certificate_names(bytes: &[u8]) -> Option<Vec<String>> {
    let pem = Pem::iter_from_buffer(bytes).filter_map(Result::ok).find(|pem| pem.label == "CERTIFICATE")?;
    let certificate: X509Certificate<'_> = pem.parse_x509().ok()?;
    let alternatives = certificate.subject_alternative_name().ok().flatten().map(|extension| {
        let names = extension.value.general_names.iter().filter_map(|name| match name {
            GeneralName::DNSName(name) => Some((*name).to_owned()),
            _ => None,
        });
        names.collect::<Vec<String>>()
    });
    match alternatives {
        Some(names) if !names.is_empty() => Some(names),
        _ => Some(certificate.subject().iter_common_name().filter_map(|name| name.as_str().ok()).map(str::to_owned).collect()),
    }
}

/// The annotation in which kubectl keeps the whole object once more.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// The places of values that nobody may see.
pub(super) fn hidden(root: &Node) -> impl Iterator<Item = (Span, bool)> {
    let bags = ["data", "stringData"].into_iter().flat_map(|bag| root.get(bag).map_or(&[][..], Node::entries));
    let values = bags.filter(|(key, _)| !matches!(key.as_text(), Some("tls.crt" | "ca.crt")));
    let annotations = root.get("metadata").and_then(|meta| meta.get("annotations")).map_or(&[][..], Node::entries);
    let copies = annotations.iter().filter(|(key, _)| key.as_text() == Some(LAST_APPLIED));
    values.chain(copies).filter_map(|(_, value)| Some((value.span, value.as_scalar()?.style == ScalarStyle::Quoted)))
}

/// Replaces values by `x`, so that every offset stays and the text still reads as the same structure.
pub(super) fn redact(text: String, spans: &[(Span, bool)]) -> String {
    let mut bytes = text.into_bytes();
    for (span, quoted) in spans {
        let (start, end) = (span.start as usize, (span.end as usize).min(bytes.len()));
        if *quoted {
            let inner = start + 1..end.saturating_sub(1).max(start + 1);
            for byte in &mut bytes[inner] {
                if !matches!(byte, b'\n' | b'\r') {
                    *byte = b'x';
                }
            }
            continue;
        }
        // The header of a block scalar (`|2-`) stays.
        let header = if matches!(bytes.get(start), Some(b'|' | b'>')) {
            bytes[start..end].iter().position(|byte| *byte == b'\n').unwrap_or(end - start)
        } else {
            0
        };
        for byte in &mut bytes[start + header..end] {
            if byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=') || !byte.is_ascii() {
                *byte = b'x';
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_default()
}
