//! What the track is and where it is, and the knobs of the deck.

use std::rc::Rc;

use tonearm::{Player, PlayerError, PlayerEvent};
use yew::{Callback, Html, Properties, function_component, html, use_effect_with, use_state_eq};

/// Seconds of one press of "Forward".
const SKIP: f64 = 10.0;

#[derive(Properties, PartialEq)]
pub struct Props {
    pub player: Rc<Player>,
}

/// A line of what the player says of itself.
fn figures(player: &Player) -> String {
    let tags = player.metadata();
    let title = tags.get("title").unwrap_or("Nothing");
    let duration = player.duration().map_or_else(String::new, |seconds| format!(" of {seconds:.1} s"));
    let latency = player.stats().and_then(|stats| stats.latency);
    let started = latency.map_or_else(String::new, |seconds| format!(", first sample after {seconds:.3} s"));
    let (rate, volume) = (player.playback_rate(), player.volume());
    format!("{title}, {:.1} s{duration}{started}, rate {rate}, volume {volume}", player.current_time())
}

#[function_component]
pub fn Controls(props: &Props) -> Html {
    let line = use_state_eq(String::new);
    let refused = use_state_eq(String::new);
    {
        let (player, line) = (props.player.clone(), line.clone());
        use_effect_with((), move |()| {
            let events = [
                PlayerEvent::TimeUpdate,
                PlayerEvent::MetadataChange,
                PlayerEvent::RateChange,
                PlayerEvent::VolumeChange,
            ];
            let listen = |event| {
                let (shown, line) = (player.clone(), line.clone());
                player.on(event, move || line.set(figures(&shown))).ok()
            };
            let listeners = events.map(listen);
            move || drop(listeners)
        });
    }
    let press = |change: fn(&Player) -> Result<(), PlayerError>| {
        let (player, refused) = (props.player.clone(), refused.clone());
        Callback::from(move |_| {
            let error = change(&player).err();
            refused.set(error.map_or_else(String::new, |error| error.to_string()));
        })
    };
    let forward = press(|player| player.set_current_time(player.current_time() + SKIP));
    let faster = press(|player| player.set_playback_rate(player.playback_rate() * 2.0));
    let louder = press(|player| player.set_volume(player.volume() + 0.25));
    let quieter = press(|player| player.set_volume(player.volume() - 0.25));
    html! {
        <p>
            <button id="forward" onclick={forward}>{ "Forward" }</button>
            <button id="faster" onclick={faster}>{ "Faster" }</button>
            <button id="quieter" onclick={quieter}>{ "Quieter" }</button>
            <button id="louder" onclick={louder}>{ "Louder" }</button>
            <output id="figures">{ line.as_str() }</output>
            <output id="refused">{ refused.as_str() }</output>
        </p>
    }
}
