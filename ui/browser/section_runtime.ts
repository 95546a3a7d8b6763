/**
 * Exports Preact from the page's script to the scripts of its sections. Components and signals only work with
 * the copy of the library that created them.
 *
 * @module
 */

export { Component, createRef, render } from "preact";
export { useEffect, useRef, useState } from "preact/hooks";
export { Fragment, jsx, jsxs } from "preact/jsx-runtime";
export { computed, effect, signal } from "@preact/signals";
