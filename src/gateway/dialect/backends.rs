//! Who gets requests, and what happens where nobody can.

use serde::Deserialize;

choices! {
    /// The weight 0 of the only backend of a rule.
    LoneWeight {
        /// It gets nothing.
        Counts,
        /// It gets everything.
        Ignored,
    }
    /// Faults of backends that get nothing, where nobody else can be reached either.
    WeightlessFaults {
        /// The rule answers 500.
        Count,
        /// They do not matter.
        Ignored,
    }
    /// A Service whose port is both a backend of routes of HTTP and one of routes of TLS at one Gateway.
    SharedServices {
        /// It works.
        Work,
        /// The data plane refuses everything: nobody listens.
        Stop,
    }
    /// Route `timeouts`.
    Timeouts {
        /// Kept.
        Kept,
        /// Ignored.
        Ignored,
    }
    /// A Service port 443 without further notice.
    Port443 {
        /// Spoken to in plain text.
        Plain,
        /// Spoken to in TLS and verified by address, which fails: 500.
        VerifiedTls,
    }
    /// How backends of a GRPCRoute are spoken to whose Service says nothing.
    GrpcBackends {
        /// In HTTP/2.
        Http2,
        /// As those of any route.
        AsOthers,
    }
    /// Which answers of an authentication service let pass.
    AuthSuccess {
        /// 200.
        Only200,
        /// Every 2xx.
        Any2xx,
    }
    /// The word `Basic` of credentials.
    BasicScheme {
        /// As written.
        Exact,
        /// In any letter case.
        AnyCase,
    }
    /// What a gRPC request gets that no route matches.
    GrpcMiss {
        /// 200 with `grpc-status: 12`.
        GrpcStatus,
        /// 404.
        NotFound,
    }
}
