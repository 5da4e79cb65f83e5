/** Messages of `tautband.twitch-feed/1`, as src/tautband/schema/twitch-feed.schema.json has them. */

export interface Hello {
  type: "hello";
  schema: string;
  source: string;
  channel: string;
  sampling_rate_hz: number;
  bin_s: number;
  limits: string;
}

export interface Trace {
  type: "trace";
  first: number;
  low: (number | null)[];
  high: (number | null)[];
}

export interface TwitchEvent {
  type: "event";
  what: "twitch" | "rejected";
  onset_s: number;
  offset_s: number;
  why: string;
}

export interface Counted {
  peak_rms_uv: number | null;
  relative_to_first: number | null;
}

export interface Series {
  type: "series";
  site: number;
  start_s: number;
  taps: number;
  last_tap_s: number | null;
  earlier: number;
  twitches: Counted[];
}

export interface Dose {
  seen: number;
  tapped: number;
  meaningful: number;
  plateau_after: number | null;
  probability: number;
  interval: [number, number] | null;
  state: "enough" | "one more" | "none seen" | "unknown";
  advice: "stop" | "continue";
  why: string;
}

export interface State {
  type: "state";
  time_s: number;
  connection: "up" | "lost" | "ended";
  error: string | null;
  noise_rms_uv: number | null;
  electrode: string;
  undecided: boolean;
  dose: Dose;
}

export type Message = Hello | Trace | TwitchEvent | Series | State;
