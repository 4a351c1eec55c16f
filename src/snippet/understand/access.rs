//! Directives that decide who may come in.

use super::{Call, Understanding, plain};
use crate::nginx::settings::Satisfy;
use crate::snippet::{Auth, Meaning, Text, Who, catalogue::Sense};

pub(super) fn meaning(sense: Sense, call: &Call) -> Understanding {
    match sense {
        Sense::Allow => access(call, true),
        Sense::Deny => access(call, false),
        Sense::Satisfy => match call.arguments[0] {
            "all" => plain(Meaning::Satisfy(Satisfy::All), "address lists and authentication must both pass"),
            "any" => plain(Meaning::Satisfy(Satisfy::Any), "passing an address list or authentication is enough"),
            other => Err(format!("invalid value \"{other}\"")),
        },
        Sense::Internal => plain(Meaning::Internal, "requests from outside get 404"),
        Sense::LimitExcept => {
            let methods = call.arguments.iter().map(|method| (*method).to_owned()).collect();
            plain(Meaning::Methods(methods), format!("for methods other than {}", call.arguments.join(", ")))
        }
        Sense::AuthBasic if call.name == "auth_basic" => realm(call, "basic").map(|(realm, why)| (Meaning::Auth(Auth::Basic(realm)), why)),
        Sense::AuthDigest if call.name == "auth_digest" => {
            realm(call, "digest").map(|(realm, why)| (Meaning::Auth(Auth::Digest(realm)), why))
        }
        Sense::AuthBasic | Sense::AuthDigest => plain(Meaning::Auth(Auth::Other), "a companion of password authentication"),
        Sense::AuthRequest => match call.arguments[0] {
            "off" => plain(Meaning::Auth(Auth::Request(None)), "no external authentication"),
            path => plain(Meaning::Auth(Auth::Request(Some(path.to_owned()))), format!("asks `{path}` whether the request may pass")),
        },
        Sense::ClientCertificate => plain(Meaning::Auth(Auth::ClientCertificate), "client certificates"),
        _ => Err("no access directive".to_owned()),
    }
}

fn realm(call: &Call, kind: &str) -> Result<(Option<Text>, String), String> {
    match call.arguments[0] {
        "off" => Ok((None, format!("no {kind} authentication"))),
        text => Ok((Some(Text::parse(text).map_err(|error| error.to_string())?), format!("{kind} authentication"))),
    }
}

fn access(call: &Call, allow: bool) -> Understanding {
    let text = call.arguments[0];
    let who = match text {
        "all" => Who::All,
        "unix:" => Who::Unix,
        _ => Who::Network(text.parse().map_err(|_| format!("invalid parameter \"{text}\""))?),
    };
    let verb = if allow { "lets in" } else { "refuses with 403" };
    let whom = if who == Who::All { "everybody" } else { text };
    plain(Meaning::Access { allow, who }, format!("{verb} {whom}, unless an earlier line decided"))
}
