/**
 * What the scripts of sections take from the script of the page, so that both use one copy: its components
 * and signals work together only then.
 *
 * @module
 */

export { Component, createRef, render } from "preact";
export { useEffect, useRef, useState } from "preact/hooks";
export { Fragment, jsx, jsxs } from "preact/jsx-runtime";
export { effect, signal } from "@preact/signals";
