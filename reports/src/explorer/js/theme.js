// The page's colours, for canvases: the custom properties of its style sheet, read again when dark and light change.

const theme = { series: [] };

function readTheme() {
  const style = getComputedStyle(document.documentElement);
  const value = (name) => style.getPropertyValue(`--${name}`).trim();
  for (const name of ["paper", "ink", "muted", "rule", "soft", "link", "fault", "bad", "pass", "crowd", "past", "future"]) {
    theme[name] = value(name);
  }
  theme.series = [0, 1, 2, 3, 4, 5, 6].map((at) => value(`series-${at}`));
  theme.font = getComputedStyle(document.body).fontFamily;
}

// A colour with an opacity.
function faint(colour, opacity) {
  const digits = Math.round(opacity * 255).toString(16).padStart(2, "0");
  return `${colour}${digits}`;
}
