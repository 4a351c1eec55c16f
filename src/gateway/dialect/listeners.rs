//! What listeners, hostnames and certificates decide.

use serde::Deserialize;

choices! {
    /// Which routes of one port a plain request can reach.
    Isolation {
        /// Those of the most specific listener for its host.
        ByListener,
        /// Those of the most specific hostname, whichever listener it came from.
        ByHost,
        /// Those of every listener.
        None,
    }
    /// What happens when no rule of the most specific hostname matches.
    HostFallThrough {
        /// Nothing: 404.
        None,
        /// Rules of less specific hostnames are tried, hostname by hostname.
        ByHost,
        /// There are no hostname levels: all rules stand in one list.
        OneList,
    }
    /// Whether a route keeps a hostname that another listener of the port has.
    ForeignHostname {
        /// It is left to that listener.
        Dropped,
        /// It is left to a listener with a more specific hostname that covers it, where requests are plain.
        Covered,
        /// It is kept.
        Kept,
    }
    /// What the server name of the handshake decides.
    ServerName {
        /// Listener and certificate.
        Listener,
        /// The certificate only.
        Certificate,
    }
    /// What happens to a handshake whose server name belongs to nobody.
    UnknownServerName {
        /// The connection is closed.
        Reset,
        /// A certificate of the implementation is served.
        DefaultCertificate,
    }
    /// What a port without listener does.
    ForeignPort {
        /// Nobody listens.
        Refused,
        /// 404.
        NotFound,
    }
    /// Routes of TLS for one server name at one port.
    SameServerName {
        /// The data plane refuses the port: nobody listens.
        Refused,
        /// The first one counts.
        FirstCounts,
    }
    /// Parents of a route that differ in their port only.
    ParentPorts {
        /// Each counts.
        Apart,
        /// The last one counts.
        LastCounts,
    }
    /// A listener for TLS that no route is attached to.
    UnroutedTls {
        /// It closes connections that no other listener of the port takes. A listener of the port that ends TLS for every name does not
        /// go with it: then nobody listens.
        Closes,
        /// It is not there.
        Ignored,
    }
    /// A request over TLS whose Host belongs to another listener than its server name.
    Misdirected {
        /// 421.
        Answered421,
        /// It is treated like any other host of the listener.
        NotDetected,
    }
    /// Which texts a wildcard stands for.
    Wildcard {
        /// Any, several labels too.
        AnyText,
        /// Lower-case letters, digits, hyphens and dots.
        HostCharacters,
        /// One label in certificates and server names.
        OneLabel,
        /// Any, several labels too, and none: `.example.com` is below `*.example.com`.
        TextOrNothing,
    }
    /// Whether the final dot of a host counts.
    FinalDot {
        /// `a.` is not `a`.
        Counts,
        /// `a.` is `a` for exact hostnames.
        Ignored,
        /// `a.` is `a`.
        IgnoredAlways,
    }
    /// When a listener takes a route.
    RouteAcceptance {
        /// Whenever it allows it.
        Allowed,
        /// When it serves, too.
        Served,
    }
    /// Whose certificates are served at a port.
    CertificateScope {
        /// Those of its listeners.
        Port,
        /// Those of all listeners.
        Everywhere,
    }
    /// HTTP/2 where certificates of two listeners overlap.
    OverlapHttp2 {
        /// Not offered.
        Lost,
        /// Offered.
        Kept,
    }
    /// ListenerSets.
    ListenerSets {
        /// They add listeners.
        Work,
        /// They are not looked at.
        Ignored,
    }
    /// Listeners of one port whose protocols do not go together.
    ProtocolConflict {
        /// None of them serves.
        NoneServes,
        /// All of them serve.
        AllServe,
    }
    /// A certificate reference that cannot be resolved, beside others that can.
    BadCertificate {
        /// The others are served.
        Skipped,
        /// The listener does not serve.
        ListenerFails,
    }
}
