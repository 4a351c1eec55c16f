//! Who is asked before a concrete request is passed on, and what they answer.

use super::dialect::{AuthSuccess, BasicScheme};
use super::texts;
use super::view::View;
use crate::request::{Guard, World};
use crate::yaml::decode_base64;

/// What became of a request at its guards.
pub(super) enum Passed {
    /// All let pass.
    Yes,
    /// One refuses, with this status.
    No(u16),
    /// Nobody knows.
    Unknown(&'static str),
}

/// Asks all guards in their order.
pub(super) fn pass(guards: &[Guard], view: &View<'_>, world: &impl World) -> Passed {
    for guard in guards {
        let passed = match guard {
            // Single requests are taken to stay below limits.
            Guard::Rate { .. } => Passed::Yes,
            Guard::Password { secret, digest: _, realm: _ } => match credentials(view) {
                None => Passed::No(401),
                Some((user, password)) => match world.password(secret, &user, &password) {
                    Some(true) => Passed::Yes,
                    Some(false) => Passed::No(401),
                    None => Passed::Unknown("whether the password is right"),
                },
            },
            Guard::Service { url, failure, .. } => match world.authentication(&texts::text(url, view)) {
                Some(200) => Passed::Yes,
                Some(201..=299) if *view.dialect().auth_success == AuthSuccess::Any2xx => Passed::Yes,
                Some(status @ 500..=599) => Passed::No(failure.unwrap_or(status)),
                Some(status) => Passed::No(status),
                None => Passed::Unknown("what the authentication service answers"),
            },
        };
        match passed {
            Passed::Yes => {}
            Passed::No(_) | Passed::Unknown(_) => return passed,
        }
    }
    Passed::Yes
}

/// User and password of `Basic` credentials.
fn credentials(view: &View<'_>) -> Option<(String, String)> {
    let header = view.header("authorization").into_iter().next()?;
    let (scheme, rest) = header.split_at_checked("Basic ".len())?;
    let same = match *view.dialect().basic_scheme {
        BasicScheme::Exact => scheme == "Basic ",
        BasicScheme::AnyCase => scheme.eq_ignore_ascii_case("Basic "),
    };
    let decoded = decode_base64(rest.trim()).filter(|_| same)?;
    let (user, password) = std::str::from_utf8(&decoded).ok()?.split_once(':')?;
    Some((user.to_owned(), password.to_owned()))
}
