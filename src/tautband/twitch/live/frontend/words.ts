/** What the monitor says. */
export const words = {
  name: "Twitch monitor",
  connecting: "Connecting …",
  broken: "The page has lost tautband; trying again",
  lost: "Connection to the amplifier lost: twitches are not seen meanwhile, tap them",
  ended: "The source has ended",
  trace: "Trace of the last {n} seconds",
  scale: "±{n} µV",
  noise: "Noise {n} µV RMS",
  noNoise: "Noise not known yet",
  noSamples: "no samples now",
  begins: "something begins",
  bars: "Twitches of site {n}, relative to the first",
  none: "No twitch seen yet",
  earlier: "{n} earlier",
  onlyTapped: "tap",
  bar: "Twitch {n}: {size}",
  ofFirst: "{n} of the first",
  tappedOnly: "counted by hand only",
  seen: "{n} seen",
  tapped: "{n} counted by hand",
  reached: "levelled off with probability {n}\u00a0%",
  tap: "Count a twitch",
  site: "New site",
  keyTap: "space",
  keySite: "n",
  siteN: "site {n}",
  saidTwitch: "Twitch {n}, {size} of the first.",
  saidTap: "Twitch {n} counted by hand.",
  saidSite: "New site.",
  states: { enough: "Enough", "one more": "One more", "none seen": "None seen", unknown: "Unknown" },
  advice: { stop: "Stop", continue: "Go on" },
};

export function fill(text: string, values: Record<string, string | number>): string {
  return text.replace(/\{(\w+)\}/g, (_, key: string) => String(values[key] ?? ""));
}
