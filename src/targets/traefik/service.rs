//! `TraefikService` and `ServersTransport`: what belongs to a backend stands in an object that takes the place of the Service.

use serde_json::{Map, Value, json};

use super::{GROUP, VERSION};
use crate::{
    gateway::{
        Intent, SessionCookie, Waits,
        api::{Custom, Meta},
    },
    k8s::NamespacedName,
    targets::{Substitute, VerifiedTls},
};

/// What takes the place of a port of a Service for these intents; `None` where the Service itself will do.
pub(super) fn substitute(
    intents: &[Intent],
    verified: Option<&VerifiedTls>,
    service: &NamespacedName,
    port: u16,
    name: &str,
) -> Option<Substitute> {
    let mut entry = Map::new();
    entry.insert("name".to_owned(), service.name.as_str().into());
    entry.insert("port".to_owned(), port.into());
    let plain = entry.len();
    let mut transport = Map::new();
    let mut times = Map::new();
    let mut by_address = false;
    for intent in intents {
        match intent {
            Intent::Timeouts { connect, idle } => {
                times.extend(connect.map(|seconds| ("dialTimeout".to_owned(), seconds_of(seconds))));
                let answer = idle.filter(|idle| idle.waits == Waits::ForAnswer);
                times.extend(answer.map(|idle| ("responseHeaderTimeout".to_owned(), seconds_of(idle.seconds))));
            }
            Intent::BackendTls => {
                entry.insert("scheme".to_owned(), "https".into());
                transport.insert("insecureSkipVerify".to_owned(), true.into());
            }
            Intent::SessionAffinity { cookie, attributes } => {
                entry.insert("sticky".to_owned(), json!({"cookie": self::cookie(cookie, attributes)}));
            }
            Intent::LoadBalancing { hashed: false, by } if by == "ewma" => {
                entry.insert("strategy".to_owned(), "leasttime".into());
            }
            Intent::LoadBalancing { hashed: true, .. } => by_address = is_by_address(intent),
            Intent::ServiceAddress => {
                entry.insert("nativeLB".to_owned(), true.into());
            }
            _ => {}
        }
    }
    if !times.is_empty() {
        transport.insert("forwardingTimeouts".to_owned(), Value::Object(times));
    }
    let object = |kind, name: String, spec: Value| Custom {
        group: GROUP,
        version: VERSION,
        kind,
        metadata: Meta::new(&service.namespace, name),
        spec,
    };
    // nginx asks the cookie before the address, and `hrw` knows no cookie. `highestRandomWeight` would choose between Services, and not
    // between endpoints (`buildHRW` in kubernetes_http.go).
    if by_address && !entry.contains_key("sticky") {
        entry.insert("strategy".to_owned(), "hrw".into());
    }
    if entry.len() == plain && transport.is_empty() {
        return None;
    }
    // A BackendTLSPolicy is read for Services alone (`loadHTTPServers` in httproute.go).
    if let Some(VerifiedTls { secret, hostname }) = verified {
        let place = if secret.namespace == service.namespace { "secret" } else { "configMap" };
        entry.insert("scheme".to_owned(), "https".into());
        transport.insert("serverName".to_owned(), hostname.as_str().into());
        transport.insert("rootCAs".to_owned(), json!([{place: secret.name}]));
    }
    let mut beside = Vec::new();
    if !transport.is_empty() {
        entry.insert("serversTransport".to_owned(), name.into());
        beside.push(object("ServersTransport", name.to_owned(), Value::Object(transport)));
    }
    let spec = json!({"weighted": {"services": [entry]}});
    Some(Substitute { object: object("TraefikService", name.to_owned(), spec), beside })
}

/// Requests are spread by the address of the client.
pub(super) fn is_by_address(intent: &Intent) -> bool {
    matches!(intent, Intent::LoadBalancing { by, hashed: true } if ["$remote_addr", "$binary_remote_addr", "$the_real_ip"].contains(&by.as_str()))
}

fn seconds_of(seconds: u64) -> Value {
    format!("{seconds}s").into()
}

fn cookie(name: &str, attributes: &SessionCookie) -> Value {
    let SessionCookie { path, domain, max_age, same_site, secure } = attributes;
    let mut cookie = Map::new();
    cookie.insert("name".to_owned(), name.into());
    cookie.insert("path".to_owned(), if path.is_empty() { "/" } else { path.as_str() }.into());
    if !domain.is_empty() {
        cookie.insert("domain".to_owned(), domain.as_str().into());
    }
    if let Some(seconds) = max_age.parse::<u64>().ok().filter(|seconds| *seconds > 0) {
        cookie.insert("maxAge".to_owned(), seconds.into());
    }
    let same_site = ["none", "lax", "strict"].into_iter().find(|known| known.eq_ignore_ascii_case(same_site));
    cookie.extend(same_site.map(|same_site| ("sameSite".to_owned(), same_site.into())));
    if *secure {
        cookie.insert("secure".to_owned(), true.into());
    }
    cookie.insert("httpOnly".to_owned(), true.into());
    Value::Object(cookie)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(intents: &[Intent]) -> Option<(Value, Vec<Value>)> {
        let made = substitute(intents, None, &NamespacedName::new("app", "web"), 80, "web")?;
        Some((made.object.spec, made.beside.into_iter().map(|object| object.spec).collect()))
    }

    #[test]
    fn a_service_without_wishes_stays_itself() {
        assert_eq!(made(&[Intent::BodyLimit { bytes: Some(1) }]), None);
    }

    #[test]
    fn times_and_tls_stand_in_a_transport() {
        let (service, beside) = made(&[Intent::Timeouts { connect: Some(9), idle: None }, Intent::BackendTls]).expect("objects");
        assert_eq!(service, json!({"weighted": {"services": [{"name": "web", "port": 80, "scheme": "https", "serversTransport": "web"}]}}));
        assert_eq!(beside, [json!({"insecureSkipVerify": true, "forwardingTimeouts": {"dialTimeout": "9s"}})]);
    }

    #[test]
    fn a_verified_backend_is_verified_wherever_an_object_takes_the_place_of_the_service() {
        let of = |intents: &[Intent], namespace: &str| {
            let verified = VerifiedTls { secret: NamespacedName::new(namespace, "up"), hostname: "in.example".to_owned() };
            substitute(intents, Some(&verified), &NamespacedName::new("app", "web"), 443, "web")
        };
        assert_eq!(of(&[], "app"), None);
        let made = of(&[Intent::ServiceAddress], "app").expect("objects");
        let entry = &made.object.spec["weighted"]["services"][0];
        assert_eq!((&entry["scheme"], &entry["serversTransport"]), (&json!("https"), &json!("web")));
        assert_eq!(made.beside[0].spec, json!({"serverName": "in.example", "rootCAs": [{"secret": "up"}]}));
        let elsewhere = of(&[Intent::ServiceAddress], "other").expect("objects");
        assert_eq!(elsewhere.beside[0].spec["rootCAs"], json!([{"configMap": "up"}]));
    }

    #[test]
    fn the_address_of_the_client_can_decide_and_nothing_else_of_it() {
        let by = |by: &str| Intent::LoadBalancing { by: by.to_owned(), hashed: true };
        let (service, _) = made(&[by("$remote_addr")]).expect("object");
        assert_eq!(service, json!({"weighted": {"services": [{"name": "web", "port": 80, "strategy": "hrw"}]}}));
        assert!(!is_by_address(&by("$http_x")));
    }

    #[test]
    fn a_cookie_decides_before_the_address() {
        let by = Intent::LoadBalancing { by: "$remote_addr".to_owned(), hashed: true };
        let sticky = Intent::SessionAffinity { cookie: "route".to_owned(), attributes: SessionCookie::default() };
        let (service, _) = made(&[by, sticky]).expect("object");
        let entry = &service["weighted"]["services"][0];
        assert_eq!((entry.get("strategy"), entry["sticky"]["cookie"]["name"].as_str()), (None, Some("route")));
    }
}
