//! Any text is read without panic, with spans inside it, and what is printed means the same.
#![no_main]

use gateshift::snippet::{Place, Reading, explain, print};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    for &place in Place::ALL {
        let reading = Reading::new(text, place);
        for directive in &reading.snippet.directives {
            assert!(text.get(directive.span.clone()).is_some() && text.get(directive.head()).is_some());
            assert!(directive.words.iter().all(|word| text.get(word.span.clone()).is_some()));
        }
        assert!(reading.snippet.stops.iter().all(|stop| text.get(stop.span.clone()).is_some()));
        assert!(reading.refusals().iter().all(|refusal| text.get(refusal.span.clone()).is_some()));
        explain(&reading);
        if reading.snippet.stops.is_empty() && place != Place::ModsecuritySnippet {
            let again = Reading::new(&print(&reading.snippet), place);
            assert!(again.understood.iter().map(|one| &one.meaning).eq(reading.understood.iter().map(|one| &one.meaning)));
        }
    }
});
