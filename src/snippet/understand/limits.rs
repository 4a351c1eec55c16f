//! Directives that limit.

use super::{Call, Understanding, plain};
use crate::snippet::{Limit, Meaning, Text, catalogue::Sense, units};

pub(super) fn meaning(sense: Sense, call: &Call) -> Understanding {
    let arguments = || call.arguments.iter().map(|argument| (*argument).to_owned()).collect::<Vec<_>>();
    let directive = call.name.to_owned();
    match (sense, call.name) {
        (Sense::BodySize, _) => {
            let bytes = units::bytes(call.arguments[0]).ok_or("invalid value")?;
            let why = if bytes == 0 {
                "bodies of any size".to_owned()
            } else {
                format!("bodies of more than {bytes} bytes are refused with 413")
            };
            plain(Meaning::Limit(Limit::BodySize(bytes)), why)
        }
        (Sense::Timeout, _) => {
            let milliseconds = units::milliseconds(call.arguments[0]).ok_or("invalid value")?;
            plain(Meaning::Limit(Limit::Timeout { directive, milliseconds }), format!("waits {milliseconds} ms at most"))
        }
        (Sense::RequestRate, "limit_req") => rate(call),
        (Sense::ConnectionCount, "limit_conn") => {
            let most = call.arguments[1].parse().map_err(|_| format!("invalid number of connections \"{}\"", call.arguments[1]))?;
            let why = format!("at most {most} connections at once");
            plain(Meaning::Limit(Limit::Connections { zone: call.arguments[0].to_owned(), most }), why)
        }
        (Sense::Bandwidth, _) => {
            let value = Text::parse(call.arguments[0]).map_err(|error| error.to_string())?;
            plain(Meaning::Limit(Limit::Bandwidth { directive, value }), "limits the speed of answers")
        }
        (Sense::Buffering, _) => plain(Meaning::Limit(Limit::Buffering { directive, arguments: arguments() }), "buffers"),
        _ => plain(Meaning::Limit(Limit::Other { directive, arguments: arguments() }), "a companion of other limits"),
    }
}

fn rate(call: &Call) -> Understanding {
    let (mut zone, mut burst, mut no_delay) = (None, 0, false);
    for argument in &call.arguments {
        if let Some(name) = argument.strip_prefix("zone=") {
            zone = Some(name.to_owned());
        } else if let Some(number) = argument.strip_prefix("burst=") {
            burst = number.parse().ok().filter(|&burst: &u64| burst > 0).ok_or_else(|| format!("invalid burst value \"{argument}\""))?;
        } else if let Some(number) = argument.strip_prefix("delay=") {
            number.parse::<u64>().map_err(|_| format!("invalid delay value \"{argument}\""))?;
        } else if *argument == "nodelay" {
            no_delay = true;
        } else {
            return Err(format!("invalid parameter \"{argument}\""));
        }
    }
    let zone = zone.ok_or("\"limit_req\" must have \"zone\" parameter")?;
    let why = format!("limits requests by the zone `{zone}`, with {burst} in reserve");
    plain(Meaning::Limit(Limit::Rate { zone, burst, no_delay }), why)
}
