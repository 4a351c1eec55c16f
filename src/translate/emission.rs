//! What may be written: version and channel, asked of the same judge that checks every object, and where listeners live.

use std::collections::BTreeSet;

use crate::{
    gateway::{
        api::{
            AllowedListeners, Cors, FromNamespaces, Gateway, GatewaySpec, HttpFilter, HttpMatch, HttpRetry, HttpRoute, HttpRouteSpec,
            HttpRule, Kind, Listener, Object, PathMatch, RedirectStatus, RequestRedirect,
        },
        dialect::{Feature, GrpcMethods, Hazard, Stand, Target},
        limits::{Channel, Judge, Version, served},
    },
    k8s::NamespacedName,
};

/// Statuses of redirects, and what takes their place where a version does not know them: permanent ones stay permanent.
const STATUSES: [(u16, u16); 5] = [(301, 301), (302, 302), (303, 302), (307, 302), (308, 301)];

/// Who owns the listeners that carry certificates.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum TlsOwner {
    /// The platform team: they stand in the Gateway.
    #[default]
    Platform,
    /// The team of the application: they stand in a ListenerSet beside the Secret.
    App,
}

/// For which Gateway API manifests are written, and what is there already.
#[derive(Debug, Clone)]
pub struct Emission {
    /// Version.
    pub version: Version,
    /// Channel.
    pub channel: Channel,
    /// Who owns certificates.
    pub tls_owner: TlsOwner,
    /// A Gateway that exists and is used instead of one of ours. It must be among the objects that were read.
    pub existing: Option<NamespacedName>,
    /// The version of the implementation takes its own policies on ListenerSets.
    pub policies_on_sets: bool,
    /// Features that the GatewayClass of a cluster says its controller has; `None` where none says so.
    pub supported: Option<BTreeSet<String>>,
}

impl Emission {
    /// Version, channel and implementation have ListenerSets.
    pub fn has_listener_sets(&self, target: &str) -> bool {
        Sayable::of(self, target).listener_sets
    }
}

impl Default for Emission {
    fn default() -> Self {
        Self {
            version: "1.5".parse().expect("INVARIANT: 1.5 is a known version"),
            channel: Channel::Standard,
            tls_owner: TlsOwner::default(),
            existing: None,
            policies_on_sets: true,
            supported: None,
        }
    }
}

/// What the version and channel can say, and the implementation takes.
pub(super) struct Sayable {
    judge: Judge,
    version: Version,
    channel: Channel,
    target: Option<&'static Target>,
    supported: Option<BTreeSet<String>>,
    redirects: BTreeSet<u16>,
    /// The CORS filter.
    pub cors: bool,
    /// ListenerSets, and Gateways that allow them.
    pub listener_sets: bool,
}

impl Sayable {
    pub(super) fn of(emission: &Emission, target: &str) -> Self {
        let target = Target::named(target);
        let supported = emission.supported.clone();
        let stand = |feature| target.map_or(Stand::Claimed, |target| target.stand(feature, supported.as_ref()));
        let judge = Judge::new(emission.version, emission.channel);
        let takes_filter = |filter: HttpFilter| {
            let rule = HttpRule {
                matches: vec![HttpMatch::path(PathMatch::Prefix("/".to_owned()))],
                filters: vec![filter],
                ..HttpRule::default()
            };
            takes(&judge, &route(rule))
        };
        let redirects = STATUSES
            .iter()
            .map(|(status, _)| *status)
            .filter(|status| status_feature(*status).is_none_or(|feature| stand(feature) == Stand::Claimed))
            .filter(|status| {
                let status_code = RedirectStatus::try_from(*status).ok();
                takes_filter(HttpFilter::RequestRedirect(RequestRedirect { status_code, ..RequestRedirect::default() }))
            })
            .collect();
        let cors = takes_filter(HttpFilter::Cors(Box::new(Cors { allow_origins: vec!["*".to_owned()], ..Cors::default() })));
        let gateway = GatewaySpec {
            gateway_class_name: "class".to_owned(),
            listeners: vec![Listener::http("http", None, 80)],
            allowed_listeners: Some(AllowedListeners { namespaces: Some(FromNamespaces::Same) }),
            ..GatewaySpec::default()
        };
        let listener_sets = !served(emission.version, emission.channel, Kind::ListenerSet.as_str()).is_empty()
            && takes(&judge, &Gateway::new("a", "a", gateway).into())
            && emission.policies_on_sets
            // Several Gateways say the same to whoever does not claim them.
            && stand(Feature::ListenerSet) == Stand::Claimed;
        Self { redirects, cors, listener_sets, version: emission.version, channel: emission.channel, judge, target, supported }
    }

    /// Version and channel in words.
    pub(super) fn name(&self) -> String {
        format!("Gateway API {} ({})", self.version, self.channel)
    }

    /// Who does not know a kind or a status: the version, or the implementation.
    pub(super) fn who_lacks(&self, feature: Feature) -> String {
        match self.target.filter(|_| self.stand(feature) != Stand::Claimed) {
            Some(target) => target.title.clone(),
            None => self.name(),
        }
    }

    /// The implementation that lets no filter set a header in answers, by its title.
    pub(super) fn who_refuses_in_answers(&self, name: &str) -> Option<&str> {
        self.target.filter(|target| target.dialect.refuses_in_answers(name)).map(|target| target.title.as_str())
    }

    /// The implementation wants a method with every service of gRPC.
    pub(super) fn wants_whole_methods(&self) -> bool {
        self.target.is_some_and(|target| *target.dialect.grpc_methods == GrpcMethods::Whole)
    }

    /// The implementation accepts something and does not do it.
    pub(super) fn has_hazard(&self, hazard: Hazard) -> bool {
        self.target.is_some_and(|target| target.has_hazard(hazard))
    }

    /// How the implementation stands to a feature.
    pub(super) fn stand(&self, feature: Feature) -> Stand {
        self.target.map_or(Stand::Claimed, |target| target.stand(feature, self.supported.as_ref()))
    }

    /// The status that is written for one that is wanted.
    pub(super) fn redirect(&self, status: u16) -> u16 {
        if self.redirects.contains(&status) {
            return status;
        }
        STATUSES.iter().find(|(wanted, _)| *wanted == status).map_or(status, |(_, instead)| *instead)
    }

    /// The version in which a kind is written; `None` where it is not served, or the implementation refuses it.
    pub(super) fn version_of(&self, kind: Kind) -> Option<String> {
        if kind_feature(kind).is_some_and(|feature| self.stand(feature) == Stand::Refused) {
            return None;
        }
        served(self.version, self.channel, kind.as_str()).into_iter().next()
    }

    /// Retries of a rule can be said in this way.
    pub(super) fn retries(&self, retry: &HttpRetry) -> bool {
        takes(&self.judge, &route(HttpRule { retry: Some(Box::new(retry.clone())), ..HttpRule::default() }))
    }
}

/// The feature that a status of redirects is; `None` where every implementation has it.
pub(super) const fn status_feature(status: u16) -> Option<Feature> {
    match status {
        303 => Some(Feature::Redirect303),
        307 => Some(Feature::Redirect307),
        308 => Some(Feature::Redirect308),
        _ => None,
    }
}

/// The feature that a kind of routes is; `None` where every implementation has it.
pub(super) const fn kind_feature(kind: Kind) -> Option<Feature> {
    match kind {
        Kind::GrpcRoute => Some(Feature::GrpcRoute),
        Kind::TlsRoute => Some(Feature::TlsRoute),
        Kind::TcpRoute => Some(Feature::TcpRoute),
        Kind::UdpRoute => Some(Feature::UdpRoute),
        _ => None,
    }
}

fn route(rule: HttpRule) -> Object {
    HttpRoute::new("a", "a", HttpRouteSpec { rules: vec![rule], ..HttpRouteSpec::default() }).into()
}

fn takes(judge: &Judge, object: &Object) -> bool {
    judge.object(object).is_accepted_strictly()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sayable(version: &str, channel: Channel) -> Sayable {
        Sayable::of(&Emission { version: version.parse().expect("a version"), channel, ..Emission::default() }, "standard")
    }

    #[test]
    fn the_oldest_version_knows_two_redirects_and_no_listener_sets() {
        let old = sayable("1.4", Channel::Standard);
        assert_eq!([301, 302, 303, 307, 308].map(|status| old.redirect(status)), [301, 302, 302, 302, 301]);
        assert!(!old.listener_sets && !old.cors);
        assert_eq!(old.version_of(Kind::TlsRoute), None);
    }

    #[test]
    fn an_implementation_that_takes_no_policies_on_listener_sets_gets_none() {
        let of = |policies_on_sets| Sayable::of(&Emission { policies_on_sets, ..Emission::default() }, "envoy-gateway").listener_sets;
        assert!(of(true) && !of(false));
        let data = Target::named("envoy-gateway").expect("a target");
        assert_eq!(["1.8", "1.8.3", "1.9", "1.10"].map(|version| data.takes_policies_on_sets(version)), [false, false, true, true]);
    }

    #[test]
    fn the_channel_decides_about_experimental_kinds() {
        assert_eq!(sayable("1.5", Channel::Standard).version_of(Kind::TcpRoute), None);
        assert_eq!(sayable("1.5", Channel::Experimental).version_of(Kind::TcpRoute).as_deref(), Some("v1alpha2"));
        assert_eq!(sayable("1.6", Channel::Standard).version_of(Kind::TcpRoute).as_deref(), Some("v1"));
        assert!(sayable("1.4", Channel::Experimental).cors);
    }

    #[test]
    fn retries_are_standard_from_1_7_on() {
        let retry = HttpRetry { attempts: Some(2), ..HttpRetry::default() };
        assert!(!sayable("1.6", Channel::Standard).retries(&retry));
        assert!(sayable("1.7", Channel::Standard).retries(&retry));
    }
}
