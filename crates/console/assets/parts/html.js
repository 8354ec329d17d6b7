// Preact, htm and signals: every module imports them from here.
import { h, render, Fragment } from "../vendor/preact.js";
import htm from "../vendor/htm.js";

export { render, Fragment };
export { useEffect, useMemo, useRef, useState, useCallback, useId, useLayoutEffect } from "../vendor/hooks.js";
export { signal, computed, effect, batch } from "../vendor/signals.js";
/** @template T @typedef {import("../vendor/signals.js").Signal<T>} Signal */
export const html = htm.bind(h);
