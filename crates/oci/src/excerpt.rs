/// Text from outside for a message: at most 80 characters, none of them a control character.
pub(crate) fn excerpt(text: &str) -> String {
    let mut chars = text.chars().filter(|c| !c.is_control());
    let mut short: String = chars.by_ref().take(80).collect();
    if chars.next().is_some() {
        short.push('…');
    }
    short
}
