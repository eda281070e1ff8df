//! The steps of an install.

use maud::{Markup, html};

use crate::api::dto::{Install, InstallStep, StepName, StepState};

/// The steps so far, each with how it went.
pub(super) fn steps(install: &Install) -> Markup {
    html! {
        ol.steps {
            @if install.steps.is_empty() { li.working { strong { "Beginning" } } }
            @for step in &install.steps { (one(step)) }
        }
    }
}

fn one(step: &InstallStep) -> Markup {
    let (class, word) = match step.state {
        StepState::Working => ("working", "under way"),
        StepState::WaitingForPerson => ("waiting", "waits for you"),
        StepState::Done => ("done", "done"),
        StepState::Failed => ("failed", "failed"),
    };
    html! {
        li class=(class) {
            strong { (named(step.name)) } span.hidden { " " (word) }
            @if matches!(step.state, StepState::Done | StepState::Failed) { " " span.soft { (length(step.elapsed_ms)) } }
            p.soft { (step.text) }
        }
    }
}

fn named(step: StepName) -> &'static str {
    match step {
        StepName::SignIn => "Sign in",
        StepName::Connection => "Account",
        StepName::Delivery => "What the server gets",
        StepName::Image => "The container's image",
        StepName::Start => "Start",
        StepName::Tools => "Tools",
    }
}

fn length(elapsed_ms: u64) -> String {
    match elapsed_ms {
        0..1_000 => format!("{elapsed_ms} ms"),
        1_000..60_000 => format!("{}.{} s", elapsed_ms / 1_000, elapsed_ms % 1_000 / 100),
        _ => format!("{} min", elapsed_ms / 60_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_has_the_unit_that_fits_it() {
        for (elapsed, shown) in [(7, "7 ms"), (1_250, "1.2 s"), (61_000, "1 min")] {
            assert_eq!(length(elapsed), shown);
        }
    }
}
