// What `html.js` gives, for the type check: the libraries are vendored without their types.
import type { Element, View } from "./types.js";
export declare class Signal<T> { value: T; peek(): T; }
export declare function signal<T>(value: T): Signal<T>;
export declare function computed<T>(compute: () => T): Readonly<Signal<T>>;
export declare function effect(run: () => void): () => void;
export declare function batch(run: () => void): void;
export declare function html(strings: TemplateStringsArray, ...values: unknown[]): Element;
export declare function render(what: View, where: globalThis.Element): void;
export declare function Fragment(props: { children?: View }): View;
export declare function useState<T>(start: T | (() => T)): [T, (next: T | ((now: T) => T)) => void];
export declare function useEffect(run: () => void | (() => void), keys?: unknown[]): void;
export declare function useLayoutEffect(run: () => void | (() => void), keys?: unknown[]): void;
export declare function useMemo<T>(make: () => T, keys: unknown[]): T;
export declare function useCallback<T>(run: T, keys: unknown[]): T;
export declare function useRef<T>(start: T): { current: T };
export declare function useId(): string;
