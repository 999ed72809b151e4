/** The operator for a shape. */

import type { OperatorOptions, WindowOperator } from "./operator.ts";
import { PaneOperator } from "./pane-operator.ts";
import { SessionOperator } from "./session-operator.ts";
import { shapeFault } from "./shape.ts";
import { SlidingOperator } from "./sliding-operator.ts";

/** @throws RangeError on a shape that cannot be; PoolExhausted when the pool has no room for what every operator needs */
export function createOperator(options: OperatorOptions): WindowOperator {
  const fault = shapeFault(options.shape);
  if (fault !== undefined) throw new RangeError(fault);
  switch (options.shape.kind) {
    case "tumbling":
    case "hopping":
      return new PaneOperator(options, options.shape);
    case "sliding":
      return new SlidingOperator(options, options.shape);
    case "session":
      return new SessionOperator(options, options.shape);
  }
}
