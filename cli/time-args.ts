/** How a command is given a time of which rows are wanted: these options, the same wherever there is one. */

const TIME = "such as 2026-01-31T12:00:00Z";

export const TIME_ARGS = {
  hours: { type: "string", valueHint: "n", description: "The last so many hours; default 24" },
  from: { type: "string", valueHint: "time", description: `Start of the time, ${TIME}` },
  to: {
    type: "string",
    valueHint: "time",
    description: `End of the time, not included, ${TIME}; default now`,
  },
} as const;
