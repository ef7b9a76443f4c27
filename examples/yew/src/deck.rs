//! A deck that plays one track: the npm package's player, from Rust.

use std::rc::Rc;

use tonearm::opentelemetry::Handle;
use tonearm::{
    Package, Player, PlayerError, PlayerEvent, PlayerOptions, PlayerState, ResolveContext, Source,
};
use tracing::Instrument;
use wasm_bindgen_futures::spawn_local;
use yew::{Callback, Html, Properties, function_component, html, use_effect_with, use_memo, use_state_eq};

use crate::controls::Controls;
use crate::json::member_of;

/// The track, as the gateway's catalogue has it.
const TRACK: &str = "night-bus";

#[derive(Properties, PartialEq)]
pub struct Props {
    pub handle: Handle,
    pub package: Package,
}

/// Asks the gateway where the track is: part of the play, and of its trace.
async fn track_url(context: ResolveContext) -> Result<String, String> {
    let response = context.fetch(&format!("/api/tracks/{TRACK}")).await.map_err(|error| error.to_string())?;
    member_of(&response, "url").await.ok_or_else(|| format!("no URL, with status {}", response.status()))
}

/// What the user reads of a failure.
pub fn describe(error: &PlayerError) -> String {
    match error {
        PlayerError::NotAllowed(_) => "Press play once more.".into(),
        PlayerError::Network(message) => format!("The network failed: {message}"),
        PlayerError::Package(message) => format!("There is no player: {message}"),
        error => error.to_string(),
    }
}

/// Plays or pauses, within the task of a click and its span.
fn toggle(player: &Player) -> impl Future<Output = Result<(), PlayerError>> + use<> {
    let calls = match player.state() {
        _ if !player.paused() => {
            player.pause();
            None
        }
        PlayerState::Paused => Some((None, player.play())),
        _ => {
            let source = Source { track_id: Some(TRACK.into()), ..Source::default() };
            Some((Some(player.load_with(&source, track_url)), player.play()))
        }
    };
    async move {
        let Some((loading, playing)) = calls else { return Ok(()) };
        if let Some(loading) = loading {
            loading.await?;
        }
        playing.await
    }
}

#[function_component]
pub fn Deck(props: &Props) -> Html {
    let state = use_state_eq(|| PlayerState::Idle);
    let failure = use_state_eq(String::new);
    // It ends with this component.
    let player: Rc<Result<Rc<Player>, PlayerError>> = {
        let options = PlayerOptions { telemetry: Some(props.handle), ..PlayerOptions::default() };
        use_memo((), |()| Player::new(&props.package, options).map(Rc::new))
    };
    {
        let (player, state) = ((*player).clone().ok(), state.clone());
        use_effect_with((), move |()| {
            let listener = player.and_then(|player| {
                let shown = player.clone();
                player.on(PlayerEvent::StateChange, move || state.set(shown.state())).ok()
            });
            move || drop(listener)
        });
    }
    let shown = player.as_ref().as_ref().err().map_or_else(|| (*failure).clone(), describe);
    let controls = player.as_ref().as_ref().ok().cloned().map(|player| html! { <Controls {player} /> });
    let play = {
        let failure = failure.clone();
        Callback::from(move |_| {
            let Ok(player) = &*player else { return };
            let failure = failure.clone();
            let span = tracing::info_span!("listen", music.track_id = TRACK);
            let toggled = span.in_scope(|| toggle(player));
            let played = async move {
                let message = toggled.await.err().map_or_else(String::new, |error| describe(&error));
                failure.set(message);
            };
            spawn_local(played.instrument(span));
        })
    };
    let label = if *state == PlayerState::Playing { "Pause" } else { "Play" };
    html! {
        <section>
            <button id="play" onclick={play}>{ label }</button>
            <output id="state">{ state.as_str() }</output>
            <output id="failure">{ shown }</output>
            { controls.unwrap_or_default() }
        </section>
    }
}
