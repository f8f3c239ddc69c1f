// node_modules/preact/dist/preact.mjs
var e, t, n, r, i, a, o, s, c, l, u, d, f = Symbol.for("pv"), p = {}, m = [], h = /^m(i|n|o|s|text|space)$/, g = Array.isArray, _ = m.slice, v = Object.assign;
function y(e) {
	e && e.parentNode && e.remove();
}
function b(e, t, n) {
	var r, i, a, o = {}, s = arguments.length;
	for (a in t) a == "key" ? r = t[a] : a == "ref" && typeof e != "function" ? i = t[a] : o[a] = t[a];
	return s > 2 && (o.children = s > 3 ? _.call(arguments, 2) : n), x(e, o, r, i, null);
}
function x(n, r, i, a, o) {
	var s = {
		type: n,
		props: r,
		key: i,
		ref: a,
		__k: null,
		__: null,
		__b: 0,
		__e: null,
		__c: null,
		constructor: f,
		__v: o || ++t,
		__i: -1,
		__u: 0
	};
	return !o && e.vnode && e.vnode(s), s;
}
function S(e) {
	return e.children;
}
function C(e, t) {
	this.props = e, this.context = t, this.__g = 0;
}
function ee(e, t) {
	if (t == null) return e.__ && ee(e.__, e.__i + 1);
	for (var n; t < e.__k.length; t++) if ((n = e.__k[t]) && n.__e) return n.__e;
	return typeof e.type != "function" || e.props.__P ? null : ee(e);
}
function w(t) {
	var n, r = t.__v, i = r.__e, a = [], o = [], s = t.__P;
	s && ((n = v({ constructor: f }, r)).__v = r.__v + 1, e.vnode && e.vnode(n), O(s, n, r, t.__n, s.namespaceURI, 32 & r.__u ? [i] : null, a, i || ee(r), 32 & r.__u, o), n.__v = r.__v, n.__.__k[n.__i] = n, k(a, n, o), r.__ = r.__e = null, n.__e != i && T(n));
}
function T(e) {
	if ((e = e.__) && e.__c && !e.props.__P) return e.__e = null, e.__k.some(function(t) {
		return t && (e.__e = t.__e);
	}), T(e);
}
function E(t) {
	(8 & t.__g || (t.__g |= 8, r.push(t), a++)) && i == e.debounceRendering || ((i = e.debounceRendering) || queueMicrotask)(te);
}
function te() {
	try {
		for (var e, t = 1; r.length;) r.length > t && r.sort(o), e = r.shift(), t = r.length, 8 & e.__g && w(e);
	} finally {
		(a = r.length) && (i || queueMicrotask)(te);
	}
}
function ne(e, t, n, r, i, a, o, s, c, l, u) {
	var d, f, h, g, _, v, y = r.__k || m, b = t.length;
	for (c = re(n, t, y, c, b), d = 0; d < b; d++) (h = n.__k[d]) != null && (f = ~h.__i && y[h.__i] || p, h.__i = d, v = O(e, h, f, i, a, o, s, c, l, u), g = h.__e, (f.ref != h.ref || 8 & f.__u) && (f.ref && A(f.ref, null, h, f), h.ref && u.push(h.ref, h.__c || g, h)), _ ||= g, 4 & h.__u ? (c = ie(h, c, e, !f.__v), f.__e && (f.__e = null)) : typeof h.type == "function" && v !== void 0 ? c = v : g && (c = g.nextSibling), h.__u &= -21);
	return n.__e = _, c;
}
function re(e, t, n, r, i) {
	var a, o, s, c, l, u, d, p, m, h = n.length, _ = h, v = 0, y = 0, b = e.__k = Array(i);
	for (a = 0; a < i; a++) (o = t[a]) != null && typeof o != "boolean" && typeof o != "function" ? (typeof o != "object" || o.constructor === String ? o = b[a] = x(null, o) : g(o) ? o = b[a] = x(S, { children: o }) : o.constructor === f && o.__b ? o = b[a] = x(o.type, o.props, o.key, o.ref, o.__v) : b[a] = o, c = a + v, o.__ = e, o.__b = e.__b + 1, s = null, ~(l = o.__i = ae(o, n, c, _)) && (_--, (s = n[l]) && (s.__u |= 2)), s && s.__v ? (o.__u |= 16, l == c - 1 ? v-- : l == c + 1 ? v++ : l != c && (l > c ? v-- : v++, y = 1)) : (~l || (i > h ? v-- : i < h && v++), typeof o.type != "function" && (o.__u |= 4))) : b[a] = null;
	if (y) {
		for (u = [], d = [], a = 0; a < i; a++) if ((o = b[a]) && 16 & o.__u) {
			for (v = 0, p = u.length; v < p;) u[m = v + p >> 1] < o.__i ? v = m + 1 : p = m;
			u[v] = o.__i, d[a] = v + 1;
		}
		for (v = u.length; a--;) d[a] && (d[a] == v ? v-- : b[a].__u |= 4);
	}
	if (_) for (a = 0; a < h; a++) !(s = n[a]) || 2 & s.__u || (s.__e == r && (r = ee(s)), de(s, s));
	return r;
}
function ie(e, t, n, r) {
	var i, a, o, s;
	if (typeof e.type == "function") {
		if (e.props.__P) return t;
		if (i = e.__k) for (a = 0; a < i.length; a++) i[a] && (i[a].__ = e, t = ie(i[a], t, n, !1));
		return t;
	}
	for (t && !t.parentNode && (t = ee(e)) && !t.parentNode && (t = null), o = e.__e, s = t; s && s.nodeType == 8;) s = s.nextSibling;
	for (o != s && (!r && n.moveBefore && o.parentNode ? n.moveBefore(o, t) : n.insertBefore(o, t || null)), t = o; (t &&= t.nextSibling) && t.nodeType == 8 && !t.data.startsWith("$s"););
	return t;
}
function ae(e, t, n, r) {
	var i, a = e.key, o = e.type, s = t[n], c = s && !(2 & s.__u);
	if (s === null && a == null || c && a == s.key && o == s.type) return n;
	if (r > +!!c) {
		for (i = n - 1; i >= 0; i--) if ((s = t[i]) && !(2 & s.__u) && a == s.key && o == s.type) return i;
		for (i = n + 1; i < t.length; i++) if ((s = t[i]) && !(2 & s.__u) && a == s.key && o == s.type) return i;
	}
	return -1;
}
function oe(e, t, n) {
	n ??= "", t[0] == "-" ? e.setProperty(t, n) : e[t] = n;
}
function D(e, t, n, r, i) {
	var a, o;
	if (t == "style") {
		if (typeof n == "string") e.style.cssText = n;
		else {
			if (typeof r == "string" && (e.style.cssText = r = ""), r) for (t in r) n && t in n || oe(e.style, t);
			if (n) for (t in n) r && n[t] == r[t] || oe(e.style, t, n[t]);
		}
	} else if (t[0] == "o" && t[1] == "n") typeof n != "function" && (n = null), typeof r != "function" && (r = null), (e.__e ||= {})[t] = n, n && r || (o = u[t] || (u[t] = se(t)), (e.__a ||= {})[t] = l, a = t != (t = t.replace(c, "$1")), (t = t.slice(2))[0] < "a" && (t = t.toLowerCase()), n ? e.addEventListener(t, o, a) : e.removeEventListener(t, o, a));
	else {
		if (i == "http://www.w3.org/2000/svg") t = t.replace(/xlink(H|:h)/, "h").replace(/sName$/, "s");
		else if (t != "width" && t != "height" && t != "href" && t != "list" && t != "form" && t != "tabIndex" && t != "download" && t != "rowSpan" && t != "colSpan" && t != "role" && t != "popover" && t in e) try {
			e[t] = n ?? "";
			return;
		} catch {}
		if (typeof n == "function") return;
		n == null || !1 === n && t[4] != "-" ? e.removeAttribute(t) : e.setAttribute(t, t == "popover" && n == 1 ? "" : n);
	}
}
function se(t) {
	return function(n) {
		var r = this.__e;
		if (r) {
			if (r = r[t], n[s] == null) n[s] = l++;
			else if (n[s] < this.__a[t]) return;
			return r(e.event ? e.event(n) : n);
		}
	};
}
function O(t, n, r, i, a, o, s, c, l, u) {
	var d, p, h, _, b, x, w, T, E, te, re, ie, ae, oe, D, se, O, k, A = n.type;
	if (n.constructor !== f) return null;
	128 & r.__u && (l = 32 & r.__u, d = r.__c.__z) && (n.__u |= l, p = o = [], d.nodeType == 8 ? c = ce(d, o) : o.push(d), c = o[0] || c), (d = e.__b) && d(n);
	n: if (typeof A == "function") {
		h = s.length;
		try {
			if (T = n.props, E = (d = A.prototype) && d.render, te = (d = A.contextType) && i[d.__c], re = d ? te ? te.props.value : d.__ : i, (_ = r.__c) ? (n.__c = _, 2 & _.__g && (_.__g |= 1)) : (E ? n.__c = _ = new A(T, re) : (n.__c = _ = new C(T, re), _.constructor = A, _.render = fe), te && te.sub(_), _.state || (_.state = {}), _.__n = i, _.__g |= 8, _.__h = [], _.__k = []), E && (_.__s || (_.__s = _.state), A.getDerivedStateFromProps && (_.__s == _.state && (_.__s = v({}, _.__s)), v(_.__s, A.getDerivedStateFromProps(T, _.__s)))), b = _.props, x = _.state, _.__v = n, r.__c) {
				if (T !== b && E && !A.getDerivedStateFromProps && _.componentWillReceiveProps && _.componentWillReceiveProps(T, re), n.__v == r.__v && !(8 & _.__g) || !(4 & _.__g) && _.shouldComponentUpdate && !1 === _.shouldComponentUpdate(T, _.__s, re)) {
					n.__v != r.__v && (_.props = T, _.state = _.__s, _.__g &= -9), n.__e = r.__e, n.__k = r.__k, n.__k.some(function(e) {
						e && (e.__ = n);
					}), m.push.apply(_.__h, _.__k), _.__k = [], _.__h.length && s.push(_), c = ee(r);
					break n;
				}
				_.componentWillUpdate && _.componentWillUpdate(T, _.__s, re), E && _.componentDidUpdate && _.__h.push(function() {
					_.componentDidUpdate(b, x, w);
				});
			} else E && !A.getDerivedStateFromProps && _.componentWillMount && _.componentWillMount(), E && _.componentDidMount && _.__h.push(_.componentDidMount);
			_.context = re, _.props = T, _.__P = t, _.__g &= -5, ie = e.__r, ae = E ? 25 : 0;
			do
				_.__g &= -9, ie && ie(n), d = _.render(_.props, _.state = _.__s, _.context);
			while (8 & _.__g && ++ae < 25);
			E && (m.push.apply(_.__h, _.__k), _.__k = []), _.state = _.__s, _.getChildContext && (i = v({}, i, _.getChildContext())), E && r.__c && _.getSnapshotBeforeUpdate && (w = _.getSnapshotBeforeUpdate(b, x)), oe = d && d.type === S && d.key == null ? d.props.children : d, T.__P && (d = c, a = (t = T.__P).namespaceURI, l = o = null, r.props && r.props.__P != t && (r.__k.some(function(e) {
				e && de(e, e);
			}), r.__k = null), c = r.__k ? ee(r, 0) : null), c = ne(t, g(oe) ? oe : [oe], n, r, i, a, o, s, c, l, u), T.__P && (n.__e = null, c = d), n.__u &= -161, p && p.some(y), _.__h.length && s.push(_), 1 & _.__g && (_.__g &= -4);
		} catch (t) {
			if (s.length = h, n.__v = null, l || o) {
				if (t && t.then) {
					if (n.__u |= 128 | l, o) {
						for (~(O = o.indexOf(c || void 0)) || (O = o.length); (k = o[O - 1]) && k.nodeType == 8;) O--;
						for (; O < o.length; O++) if (k = o[O]) {
							if (o[O] = null, D) {
								if (k == se) break;
							} else {
								if (k.nodeType != 8) break;
								k.data.startsWith("$s") && (se = ce(D = k));
							}
						}
					}
					if (!D) {
						for (; c && c.nodeType == 8 && c.nextSibling;) c = c.nextSibling;
						D = c;
					}
					(d = ce(D = n.__c.__z || (n.__c.__z = D))) ? (n.__e = D, c = d) : n.__e = c, c &&= c.nextSibling;
				} else o && o.some(y);
			} else n.__e = r.__e;
			n.__k ||= r.__k || [], t && t.then || le(n), e.__e(t, n, r);
		}
	} else c = n.__e = ue(r.__e, n, r, i, a, o, s, l, u, t);
	return (d = e.diffed) && d(n), c;
}
function ce(e, t) {
	if (e && e.nodeType == 8 && e.data.startsWith("$s")) for (var n = 1; e = e.nextSibling;) {
		if (e.nodeType == 8) {
			if (e.data.startsWith("$s")) n++;
			else if (e.data.startsWith("/$s") && !--n) return e;
		}
		t && t.push(e);
	}
}
function le(e) {
	e && (e.__c && (e.__c.__g |= 4), e.__k && e.__k.some(le));
}
function k(t, n, r) {
	for (var i = 0; i < r.length;) A(r[i++], r[i++], r[i++]);
	e.__c && e.__c(n, t), t.some(function(n) {
		try {
			t = n.__h, n.__h = [], t.some(function(e) {
				e.call(n);
			});
		} catch (t) {
			e.__e(t, n.__v);
		}
	});
}
function ue(t, n, r, i, a, o, s, c, l, u) {
	var d, f, m, v, b, x, S, C, w = r.props || p, T = n.props, E = n.type;
	if (E == "svg" ? a = "http://www.w3.org/2000/svg" : E == "math" ? a = "http://www.w3.org/1998/Math/MathML" : a ||= "http://www.w3.org/1999/xhtml", o) {
		for (d = 0; d < o.length; d++) if ((b = o[d]) && (E ? b.localName == E : b.nodeType == 3)) {
			t = b, o[d] = null;
			break;
		}
	}
	if (!t) {
		if (C = u.ownerDocument || document, !E) return C.createTextNode(T);
		t = C.createElementNS(a, E, T.is ? T : u), c &&= (e.__m && e.__m(n, o), !1), o = null;
	}
	if (E) {
		if (u = E == "template" && t.content || t, o = E == "textarea" && T.defaultValue != null ? null : o && _.call(u.childNodes), !c && o) for (w = {}, d = 0; d < t.attributes.length; d++) w[(b = t.attributes[d]).name] = b.value;
		for (d in w) b = w[d], d == "dangerouslySetInnerHTML" ? m = b : d == "children" || d in T || d == "value" && "defaultValue" in T || d == "checked" && "defaultChecked" in T || D(t, d, null, b, a);
		for (d in T) b = T[d], d == "children" ? v = b : d == "dangerouslySetInnerHTML" ? f = b : d == "value" ? x = b : d == "checked" ? S = b : c && typeof b != "function" || w[d] === b || D(t, d, b, w[d], a);
		f ? (c || m && (f.__html == m.__html || f.__html == t.innerHTML) || (t.innerHTML = f.__html), n.__k = []) : (m && (t.textContent = ""), (E == "foreignObject" || a == "http://www.w3.org/1998/Math/MathML" && h.test(E)) && (a = "http://www.w3.org/1999/xhtml"), ne(u, g(v) ? v : [v], n, r, i, a, o, s, o ? o[0] : r.__k && ee(r, 0), c, l), o && o.some(y)), c && E != "textarea" || (d = "value", E == "progress" && x == null ? t.removeAttribute(d) : x == null || x === t[d] && (E != "progress" || x) || D(t, d, x, w[d], a), d = "checked", S != null && S != t[d] && D(t, d, S, w[d], a));
	} else w === T || c && t.data == T || (t.data = T);
	return t;
}
function A(t, n, r, i) {
	try {
		typeof t == "function" ? n ? n.__x = t(n) || 1 : (i &&= i.__c || i.__e) && (n = i.__x) && (i.__x = null, typeof n == "function" ? n() : t(null)) : t.current = n;
	} catch (t) {
		e.__e(t, r);
	}
}
function de(t, n, r) {
	var i, a, o, s;
	if (e.unmount && e.unmount(t), !(i = t.ref) || i.current && i.current != t.__e || A(i, null, n, t), i = t.__c) {
		if (i.componentWillUnmount) try {
			i.componentWillUnmount();
		} catch (t) {
			e.__e(t, n);
		}
		i.__P = i.__n = null;
	}
	if (i = t.__k) for (s = 0; s < i.length; s++) i[s] && de(i[s], n, typeof t.type != "function" || r && !t.props.__P);
	!r && (i = t.__c) && (i = i.__z) && (a = ce(i, o = [])) && (i == t.__e && o.some(y), y(a), y(i)), r || y(t.__e), t.__e = t.__c = t.__ = null;
}
function fe(e, t, n) {
	return this.constructor(e, n);
}
function pe(t, n) {
	var r, i, a, o;
	e.__ && e.__(t, n), n.nodeType == 9 && (n = n.documentElement), i = (r = t && 32 & t.__u) ? null : n.__k, n.__k = x(S, { children: [t] }), a = [], o = [], O(n, n.__k, i || p, p, n.namespaceURI, i ? null : n.firstChild ? _.call(n.childNodes) : null, a, i ? i.__e : n.firstChild, r, o), k(a, n.__k, o), n.__k.props.children = null;
}
function me(e) {
	function t(e) {
		var n, r;
		return this.getChildContext || (n = /* @__PURE__ */ new Set(), (r = {})[t.__c] = this, this.getChildContext = function() {
			return r;
		}, this.shouldComponentUpdate = function(e) {
			this.props.value != e.value && n.forEach(function(e) {
				e.__g |= 4, E(e);
			});
		}, this.sub = function(e) {
			n.add(e);
			var t = e.componentWillUnmount;
			e.componentWillUnmount = function() {
				n.delete(e), t && t.call(e);
			};
		}), e.children;
	}
	return t.__c = "__cC" + d++, t.__ = e, t.Provider = (t.Consumer = function(e, t) {
		return e.children(t);
	}).contextType = t, t;
}
e = { __e: function(e, t, n, r) {
	for (var i, o, s; t = t.__;) if ((i = t.__c) && !(1 & i.__g)) {
		i.__g |= 4;
		try {
			if ((s = (o = i.constructor) && o.getDerivedStateFromError) && i.setState(o.getDerivedStateFromError(e)), i.componentDidCatch && (i.componentDidCatch(e, r || {}), s = 1), s && 8 & i.__g) return void (i.__g |= 2);
		} catch (t) {
			e = t;
		}
	}
	throw a = 0, e;
} }, t = 0, n = function(e) {
	return e != null && e.constructor === f;
}, C.prototype.setState = function(e, t) {
	var n = this.__s;
	n && n != this.state || (n = this.__s = v({}, this.state)), typeof e == "function" && (e = e(v({}, n), this.props)), e && (v(n, e), this.__v && (t && this.__k.push(t), E(this)));
}, C.prototype.forceUpdate = function(e) {
	this.__v && (this.__g |= 4, e && this.__h.push(e), E(this));
}, C.prototype.render = S, r = [], a = 0, o = function(e, t) {
	return e.__v.__b - t.__v.__b;
}, s = Symbol(), c = /(PointerCapture)$|Capture$/i, l = 0, u = {}, d = 0;
// node_modules/preact/hooks/dist/hooks.mjs
var he, j, ge, _e, ve = Object.is, ye = 0, be = [], xe = [], M = e, Se = M.__b, Ce = M.__r, we = M.diffed, Te = M.__c, Ee = M.unmount, De = M.__;
function Oe(e, t) {
	M.__h && M.__h(j, e, ye || t), ye = 0;
	var n = j.__H || (j.__H = {
		__: [],
		__h: []
	});
	return e >= n.__.length && n.__.push({}), n.__[e];
}
function ke(e, t) {
	var n = Oe(he++, 3);
	!M.__s && Be(n.__H, t) && (n.__P = !0, n.__ = e, n.u = t, j.__H.__h.push(n));
}
function Ae(e, t) {
	var n = Oe(he++, 4);
	!M.__s && Be(n.__H, t) && (n.__P = !1, n.__ = e, n.u = t, j.__h.push(n));
}
function N(e) {
	return ye = 5, je(function() {
		return { current: e };
	}, []);
}
function je(e, t) {
	var n = Oe(he++, 7);
	return Be(n.__H, t) && (n.__ = e(), n.__H = t), n.__;
}
function Me(e) {
	var t = j.context[e.__c], n = Oe(he++, 9);
	return n.c = e, t ? (n.__ ?? (n.__ = !0, t.sub(j)), t.props.value) : e.__;
}
function Ne() {
	var e = Oe(he++, 11);
	if (!e.__) {
		for (var t = j.__v; !t.__m && t.__;) t = t.__;
		var n = t.__m || (t.__m = [0, 0]);
		e.__ = "P" + n[0] + "-" + n[1]++;
	}
	return e.__;
}
function Pe() {
	var e;
	do {
		for (; e = xe.shift();) try {
			Re(e);
		} catch (t) {
			M.__e(t, { __: (e = e.__P) && e.__v });
		}
		for (; e = be.shift();) {
			var t = e.__H;
			if (e.__P && t) try {
				t.__h.some(Re), t.__h.some(ze), t.__h = [];
			} catch (n) {
				t.__h = [], M.__e(n, e.__v);
			}
		}
	} while (xe.length);
}
M.__b = function(e) {
	j = null, Se && Se(e);
}, M.__ = function(e, t) {
	e && t.__k && t.__k.__m && (e.__m = t.__k.__m), De && De(e, t);
}, M.__r = function(e) {
	Ce && Ce(e), he = 0;
	var t = (j = e.__c).__H;
	t && (ge == j ? j.__h = [] : (t.__h.some(Re), t.__h.some(ze), he = 0), t.__h = [], t.__.some(function(e) {
		e.__N && (e.__ = e.__N), e.u = e.__N = void 0;
	})), ge = j;
}, M.diffed = function(e) {
	we && we(e);
	var t = e.__c;
	t && t.__H && (t.__H.__h.length && Le(be.push(t)), t.__H.__.some(function(e) {
		e.u && (e.__H = e.u);
	})), ge = j = null;
}, M.__c = function(e, t) {
	t.some(function(e) {
		try {
			e.__h.some(Re), e.__h = e.__h.filter(function(e) {
				return !e.__ || ze(e);
			});
		} catch (t) {
			e.__h = [function() {
				throw t;
			}];
		}
	}), Te && Te(e, t);
}, M.unmount = function(e) {
	Ee && Ee(e);
	var t, n, r = e.__c;
	r && r.__H && (r.__H.__.some(function(r) {
		try {
			if (r.__P && r.__c) {
				if (n === void 0) {
					for (n = e.__; n && (!n.__c || !n.__c.__P);) n = n.__;
					n &&= n.__c;
				}
				r.__P = n, Le(xe.push(r));
			} else Re(r);
		} catch (e) {
			t = e;
		}
	}), r.__H = void 0, t && M.__e(t, r.__v));
};
var Fe = typeof requestAnimationFrame == "function";
function Ie(e) {
	var t, n = function() {
		clearTimeout(r), Fe && cancelAnimationFrame(t), setTimeout(e);
	}, r = setTimeout(n, 35);
	Fe && (t = requestAnimationFrame(n));
}
function Le(e) {
	e != 1 && _e == M.requestAnimationFrame || ((_e = M.requestAnimationFrame) || Ie)(Pe);
}
function Re(e) {
	var t = j, n = e.__c;
	typeof n == "function" && (e.__c = void 0, n()), j = t;
}
function ze(e) {
	var t = j;
	e.__c = e.__(), j = t;
}
function Be(e, t) {
	return !e || e.length != t.length || t.some(function(t, n) {
		return !ve(t, e[n]);
	});
}
// node_modules/@preact/signals-core/dist/signals-core.module.js
var Ve = Symbol.for("preact-signals");
function He() {
	if (F > 1) F--;
	else {
		var e, t = !1;
		for ((function() {
			var e = Xe;
			for (Xe = void 0; e !== void 0;) {
				var t = e.S;
				if (t.v === e.v) for (var n = t.t; n !== void 0; n = n.x) n.i === e.i && (n.i = t.i);
				e = e.o;
			}
		})(); Ke !== void 0;) {
			var n = Ke;
			for (Ke = void 0, qe++; n !== void 0;) {
				var r = n.u;
				if (n.u = void 0, n.f &= -3, !(8 & n.f) && $e(n)) try {
					n.c();
				} catch (n) {
					t ||= (e = n, !0);
				}
				n = r;
			}
		}
		if (qe = 0, F--, t) throw e;
	}
}
function Ue(e) {
	if (F > 0) return e();
	Ye = ++Je, F++;
	try {
		return e();
	} finally {
		He();
	}
}
var We, P = void 0;
function Ge(e) {
	var t = P, n = We;
	P = void 0, We = void 0;
	try {
		return e();
	} finally {
		P = t, We = n;
	}
}
var Ke = void 0, F = 0, qe = 0, Je = 0, Ye = 0, Xe = void 0, Ze = 0;
function Qe(e) {
	if (P !== void 0) {
		var t = e.n;
		if (t === void 0 || t.t !== P) return t = {
			i: 0,
			S: e,
			p: P.s,
			n: void 0,
			t: P,
			e: void 0,
			x: void 0,
			r: t
		}, P.s !== void 0 && (P.s.n = t), P.s = t, e.n = t, 32 & P.f && e.S(t), t;
		if (t.i === -1) return t.i = 0, t.n !== void 0 && (t.n.p = t.p, t.p !== void 0 && (t.p.n = t.n), t.p = P.s, t.n = void 0, P.s.n = t, P.s = t), t;
	}
}
function I(e, t) {
	this.v = e, this.i = 0, this.n = void 0, this.t = void 0, this.l = 0, this.W = t?.watched, this.Z = t?.unwatched, this.name = t?.name;
}
I.prototype.brand = Ve, I.prototype.h = function() {
	return !0;
}, I.prototype.S = function(e) {
	var t = this, n = this.t;
	n !== e && e.e === void 0 && (e.x = n, this.t = e, n === void 0 ? Ge(function() {
		var e;
		(e = t.W) == null || e.call(t);
	}) : n.e = e);
}, I.prototype.U = function(e) {
	var t = this;
	if (this.t !== void 0) {
		var n = e.e, r = e.x;
		n !== void 0 && (n.x = r, e.e = void 0), r !== void 0 && (r.e = n, e.x = void 0), e === this.t && (this.t = r, r === void 0 && Ge(function() {
			var e;
			(e = t.Z) == null || e.call(t);
		}));
	}
}, I.prototype.subscribe = function(e) {
	var t = this;
	return ct(function() {
		var n = t.value;
		Ge(function() {
			return e(n);
		});
	}, { name: "sub" });
}, I.prototype.valueOf = function() {
	return this.value;
}, I.prototype.toString = function() {
	return this.value + "";
}, I.prototype.toJSON = function() {
	return this.value;
}, I.prototype.peek = function() {
	var e = this;
	return Ge(function() {
		return e.value;
	});
}, Object.defineProperty(I.prototype, "value", {
	get: function() {
		var e = Qe(this);
		return e !== void 0 && (e.i = this.i), this.v;
	},
	set: function(e) {
		if (e !== this.v) {
			if (qe > 100) throw Error("Cycle detected");
			(function(e) {
				F !== 0 && qe === 0 && e.l !== Ye && (e.l = Ye, Xe = {
					S: e,
					v: e.v,
					i: e.i,
					o: Xe
				});
			})(this), this.v = e, this.i++, Ze++, F++;
			try {
				for (var t = this.t; t !== void 0; t = t.x) t.t.N();
			} finally {
				He();
			}
		}
	}
});
function L(e, t) {
	return new I(e, t);
}
function $e(e) {
	for (var t = e.s; t !== void 0; t = t.n) if (t.S.i !== t.i || !t.S.h() || t.S.i !== t.i) return !0;
	return !1;
}
function et(e) {
	for (var t = e.s; t !== void 0; t = t.n) {
		var n = t.S.n;
		if (n !== void 0 && (t.r = n), t.S.n = t, t.i = -1, t.n === void 0) {
			e.s = t;
			break;
		}
	}
}
function tt(e) {
	for (var t = e.s, n = void 0; t !== void 0;) {
		var r = t.p;
		t.i === -1 ? (t.S.U(t), r !== void 0 && (r.n = t.n), t.n !== void 0 && (t.n.p = r)) : n = t, t.S.n = t.r, t.r !== void 0 && (t.r = void 0), t = r;
	}
	e.s = n;
}
function nt(e, t) {
	I.call(this, void 0, t), this.x = e, this.s = void 0, this.g = Ze - 1, this.f = 4;
}
nt.prototype = new I(), nt.prototype.h = function() {
	if (this.f &= -3, 1 & this.f) return !1;
	if ((36 & this.f) == 32 || (this.f &= -5, this.g === Ze)) return !0;
	if (this.g = Ze, this.f |= 1, this.i > 0 && !$e(this)) return this.f &= -2, !0;
	var e = P;
	try {
		et(this), P = this;
		var t = this.x();
		(16 & this.f || this.v !== t || this.i === 0) && (this.v = t, this.f &= -17, this.i++);
	} catch (e) {
		this.v = e, this.f |= 16, this.i++;
	}
	return P = e, tt(this), this.f &= -2, !0;
}, nt.prototype.S = function(e) {
	if (this.t === void 0) {
		this.f |= 36;
		for (var t = this.s; t !== void 0; t = t.n) t.S.S(t);
	}
	I.prototype.S.call(this, e);
}, nt.prototype.U = function(e) {
	if (this.t !== void 0 && (I.prototype.U.call(this, e), this.t === void 0)) {
		this.f &= -33;
		for (var t = this.s; t !== void 0; t = t.n) t.S.U(t);
	}
}, nt.prototype.N = function() {
	if (!(2 & this.f)) {
		this.f |= 6;
		for (var e = this.t; e !== void 0; e = e.x) e.t.N();
	}
}, Object.defineProperty(nt.prototype, "value", { get: function() {
	if (1 & this.f) throw Error("Cycle detected");
	var e = Qe(this);
	if (this.h(), e !== void 0 && (e.i = this.i), 16 & this.f) throw this.v;
	return this.v;
} });
function rt(e, t) {
	return new nt(e, t);
}
function it(e) {
	var t = e.j;
	if (e.j = void 0, typeof t == "function") {
		F++;
		var n = P;
		P = void 0;
		try {
			t();
		} catch (t) {
			throw e.f &= -2, e.f |= 8, at(e), t;
		} finally {
			P = n, He();
		}
	}
}
function at(e) {
	for (var t = e.s; t !== void 0; t = t.n) t.S.U(t);
	e.x = void 0, e.s = void 0, it(e);
}
function ot(e) {
	if (P !== this) throw Error("Out-of-order effect");
	tt(this), P = e, this.f &= -2;
	try {
		8 & this.f && at(this);
	} finally {
		He();
	}
}
function st(e, t) {
	this.x = e, this.j = void 0, this.s = void 0, this.u = void 0, this.f = 32, this.name = t?.name, We && We.push(this);
}
st.prototype.c = function() {
	var e = this.S();
	try {
		if (8 & this.f || this.x === void 0) return;
		var t = this.x();
		typeof t == "function" && (this.j = t);
	} finally {
		e();
	}
}, st.prototype.S = function() {
	if (1 & this.f) throw Error("Cycle detected");
	this.f |= 1, this.f &= -9, it(this), et(this), F++;
	var e = P;
	return P = this, ot.bind(this, e);
}, st.prototype.N = function() {
	2 & this.f || (this.f |= 2, this.u = Ke, Ke = this);
}, st.prototype.d = function() {
	this.f |= 8, 1 & this.f || at(this);
}, st.prototype.dispose = function() {
	this.d();
};
function ct(e, t) {
	var n = new st(e, t);
	try {
		n.c();
	} catch (e) {
		throw n.d(), e;
	}
	var r = n.d.bind(n);
	return r[Symbol.dispose] = r, r;
}
// node_modules/@preact/signals/dist/signals.module.js
var lt, ut, dt = typeof window < "u" && !!window.__PREACT_SIGNALS_DEVTOOLS__, ft = [];
ct(function() {
	lt = this.N;
})();
function pt(t, n) {
	e[t] = n.bind(null, e[t] || function() {});
}
function mt(e) {
	if (ut) {
		var t = ut;
		ut = void 0, t();
	}
	ut = e && e.S();
}
function ht(e) {
	var t = this, r = e.data, i = R(r);
	i.name = "ReactiveDom", i.value = r;
	var a = je(function() {
		for (var e = t, r = t.__v; r = r.__;) if (r.__c) {
			r.__c.__$f |= 4;
			break;
		}
		var a = rt(function() {
			var e = i.value.value;
			return e === 0 ? 0 : !0 === e ? "" : e || "";
		}), o = rt(function() {
			return !Array.isArray(a.value) && !n(a.value);
		}), s = ct(function() {
			if (this.N = yt, o.value) {
				var t = a.value;
				e.__v && e.__v.__e && e.__v.__e.nodeType === 3 && (e.__v.__e.data = t);
			}
		}), c = t.__$u.d;
		return t.__$u.d = function() {
			s(), c.call(this);
		}, [o, a];
	}, []), o = a[0], s = a[1];
	return o.value ? s.peek() : s.value;
}
ht.displayName = "ReactiveTextNode", Object.defineProperties(I.prototype, {
	constructor: {
		configurable: !0,
		value: b(S, null).constructor
	},
	type: {
		configurable: !0,
		value: ht
	},
	props: {
		configurable: !0,
		get: function() {
			var e = this;
			return { data: { get value() {
				return e.value;
			} } };
		}
	},
	__b: {
		configurable: !0,
		value: 1
	}
}), pt("__b", function(e, t) {
	if (mt(), typeof t.type == "string") {
		var n, r = t.props;
		for (var i in r) if (i !== "children") {
			var a = r[i];
			a instanceof I && (n || (t.__np = n = {}), n[i] = a, r[i] = a.peek());
		}
	}
	e(t);
}), pt("__r", function(e, t) {
	if (e(t), t.type !== S) {
		mt();
		var n, r = t.__c;
		r && (r.__$f &= -2, (n = r.__$u) === void 0 && (r.__$u = n = function(e, t) {
			var n;
			return ct(function() {
				n = this;
			}, { name: t }), n.c = e, n;
		}(function(e) {
			return function() {
				var t;
				dt && ((t = this.y) == null || t.call(this)), e.__$f |= 1, e.setState({});
			};
		}(r), typeof t.type == "function" ? t.type.displayName || t.type.name : ""))), mt(n);
	}
}), pt("__e", function(e, t, n, r) {
	mt(), e(t, n, r);
}), pt("diffed", function(e, t) {
	mt();
	var n;
	if (typeof t.type == "string" && (n = t.__e)) {
		var r = t.__np, i = t.props, a = n.U;
		if (a) for (var o in a) {
			var s = a[o];
			s === void 0 || r && o in r || (s.d(), a[o] = void 0);
		}
		if (r) for (var c in a || (a = {}, n.U = a), r) {
			var l = a[c], u = r[c];
			l === void 0 ? (l = gt(n, c, u, i), a[c] = l) : l.o(u, i);
		}
	}
	e(t);
});
function gt(e, t, n, r) {
	var i = t in e && e.ownerSVGElement === void 0, a = L(n);
	return {
		o: function(e, t) {
			a.value = e, r = t;
		},
		d: ct(function() {
			this.N = yt;
			var n = a.value.value;
			r[t] !== n && (r[t] = n, i ? e[t] = n : n != null && (!1 !== n || t[4] === "-") ? e.setAttribute(t, n) : e.removeAttribute(t));
		})
	};
}
pt("unmount", function(e, t) {
	if (typeof t.type == "string") {
		var n = t.__e;
		if (n) {
			var r = n.U;
			if (r) for (var i in n.U = void 0, r) {
				var a = r[i];
				a && a.d();
			}
		}
		var o = t.__np;
		if (o) {
			var s = t.props;
			for (var c in o) s[c] = o[c];
		}
		t.__np = void 0;
	} else {
		var l = t.__c;
		if (l) {
			l.__$f |= 8;
			var u = l.__$u;
			u && (l.__$u = void 0, u.d());
		}
	}
	e(t);
}), pt("__h", function(e, t, n, r) {
	r < 3 && (t.__$f |= 2), e(t, n, r);
}), C.prototype.shouldComponentUpdate = function(e, t) {
	if (this.__R) return !0;
	var n = this.__$u, r = n && n.s !== void 0;
	for (var i in t) return !0;
	if (this.__f || typeof this.u == "boolean" && !0 === this.u) {
		var a = 2 & this.__$f;
		if (!(r || a || 4 & this.__$f) || 1 & this.__$f) return !0;
	} else if (!(r || 4 & this.__$f) || 3 & this.__$f) return !0;
	for (var o in e) if (o !== "__source" && e[o] !== this.props[o]) return !0;
	for (var s in this.props) if (!(s in e)) return !0;
	return !1;
};
function R(e, t) {
	return je(function() {
		return L(e, t);
	}, []);
}
var _t = function(e) {
	queueMicrotask(function() {
		queueMicrotask(e);
	});
};
function vt() {
	Ue(function() {
		for (var e; e = ft.shift();) lt.call(e);
	});
}
function yt() {
	ft.push(this) === 1 && (e.requestAnimationFrame || _t)(vt);
}
// src/protocol/asks.ts
var bt = {
	explain: 0,
	test: 1,
	terms: 1,
	inspect: 2,
	reads: 3,
	generate: 2,
	attention: 3,
	lens: 4,
	patch: 5,
	paths: 6,
	facts: 6,
	edit: 6,
	update: 6,
	attribute: 7,
	find: 8
}, xt = 2, St = 200;
function Ct(e) {
	if (Array.isArray(e)) return `[${e.map(Ct).join(",")}]`;
	if (typeof e != "object" || !e) return JSON.stringify(e);
	let t = Object.entries(e).filter(([, e]) => e !== void 0);
	return t.sort(([e], [t]) => e < t ? -1 : 1), `{${t.map(([e, t]) => `${JSON.stringify(e)}:${Ct(t)}`).join(",")}}`;
}
var wt = {
	stage: "waiting",
	fraction: 0,
	result: null,
	error: null
}, Tt = class {
	#e = /* @__PURE__ */ new Map();
	#t;
	constructor(e, t) {
		this.#t = e;
		for (let [e, n] of Object.entries(t)) {
			let t = JSON.parse(e);
			this.#e.set(Ct(t), this.#n(t, n));
		}
	}
	watch(e) {
		let t = Ct(e), n = this.#e.get(t);
		return n?.answer.value?.error && (n = void 0), n || (n = this.#n(e, null), this.#e.set(t, n)), n.watchers += 1, this.#r(), n.answer;
	}
	release(e) {
		let t = Ct(e), n = this.#e.get(t);
		n && (--n.watchers, n.watchers > 0 || n.state === "done" || (n.cancel?.(), this.#e.delete(t), this.#r()));
	}
	peek(e) {
		return this.#e.get(Ct(e))?.answer.value?.result ?? null;
	}
	shown() {
		let e = [...this.#e].filter(([, e]) => e.watchers > 0 && e.answer.value?.result);
		return Object.fromEntries(e.map(([e, t]) => [e, t.answer.value?.result]));
	}
	#n(e, t) {
		let n = t !== null;
		return {
			ask: e,
			order: bt[e.ask] + (e.ask === "explain" && e.test === !0 ? 3 : 0),
			answer: L(n ? {
				...wt,
				fraction: 1,
				result: t
			} : wt),
			watchers: 0,
			cancel: null,
			state: n ? "done" : "queued"
		};
	}
	#r() {
		let e = [...this.#e.values()], t = xt - e.filter((e) => e.state === "running").length, n = e.filter((e) => e.state === "queued").sort((e, t) => e.order - t.order);
		for (let e of n) {
			if (t === 0) break;
			this.#i(e), --t;
		}
	}
	#i(e) {
		let t = (t) => {
			e.state !== "done" && (e.state = "done", e.cancel = null, e.answer.value = t, this.#a(), this.#r());
		};
		e.state = "running", e.cancel = this.#t(e.ask, {
			progress: (t, n) => {
				e.state === "running" && (e.answer.value = {
					...wt,
					stage: t,
					fraction: n
				});
			},
			result: (e) => t({
				...wt,
				fraction: 1,
				result: e
			}),
			error: (e) => t({
				...wt,
				error: e
			})
		});
	}
	#a() {
		for (let [e, t] of this.#e) {
			if (this.#e.size <= St) return;
			t.watchers === 0 && t.state === "done" && this.#e.delete(e);
		}
	}
}, Et = me(null);
function z() {
	let e = Me(Et);
	if (!e) throw Error("A panel is used outside the page.");
	return e;
}
// src/hooks/useAsk.ts
function B(e) {
	let t = z(), n = e === null ? "" : Ct(e), r = R(null);
	return Ae(() => {
		if (e !== null) return r.value = {
			key: n,
			answer: t.desk.watch(e)
		}, () => t.desk.release(e);
	}, [n]), r.value?.key === n ? r.value.answer.value : null;
}
function V(e) {
	let t = B(e), n = N(null);
	return t?.result && (n.current = t.result), e === null && (n.current = null), {
		answer: t,
		result: t?.error ? null : n.current,
		stale: !t?.result
	};
}
// src/page/keys.ts
var Dt = {
	none: "zero",
	zero: "mean",
	mean: null,
	double: null,
	swap: null
};
function Ot(e, t) {
	let n = e.data.host === "widget" ? t : document, r = (n) => kt(e, t, n);
	return n.addEventListener("keydown", r), () => n.removeEventListener("keydown", r);
}
function kt(e, t, n) {
	if (n.ctrlKey || n.metaKey || n.altKey || At(n.target) || e.helpOpen.value) return;
	let { selection: r, test: i } = e.state.value;
	if (n.key === "t" && r) e.set({ test: Dt[i ?? "none"] });
	else if (n.key === "p" && r) e.pin();
	else if (n.key === "/") t.querySelector("[data-find]")?.focus();
	else if (n.key === "?") e.helpOpen.value = !0;
	else if (n.key === "Escape" && r) e.select(null);
	else return;
	n.preventDefault();
}
function At(e) {
	return e instanceof HTMLElement && (e.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(e.tagName));
}
// src/lib/parts.ts
function jt(e) {
	let { cross: t, encoder: n, layer: r, head: i } = e;
	return {
		kind: t ? "cross_head" : "head",
		layer: r,
		head: i,
		...n ? { encoder: n } : {}
	};
}
function H(e) {
	let { layer: t, expert: n, neuron: r, encoder: i } = e;
	return {
		kind: "neuron",
		layer: t,
		...n === null ? {} : { expert: n },
		neuron: r,
		...i ? { encoder: i } : {}
	};
}
function U(e, t) {
	return e === null || t === null ? e === t : Mt(e) === Mt(t);
}
function Mt(e) {
	return [
		e.kind,
		e.layer,
		e.head ?? "",
		e.expert ?? "",
		e.neuron ?? "",
		e.encoder ? "enc" : ""
	].join(" ");
}
function Nt(e) {
	return e.kind === "head" ? "attention" : e.kind === "cross_head" ? "cross_attention" : e.kind === "neuron" ? "mlp" : e.kind;
}
function Pt(e) {
	return Nt(e) === "cross_attention";
}
function Ft(e) {
	return Pt(e) || e.encoder === !0;
}
function It(e) {
	return e.encoder ? { encoder: !0 } : Pt(e) ? { cross: !0 } : {};
}
function Lt(e) {
	let t = /^\s*enc\.(.*)$/is.exec(e);
	if (!t) return Rt(e);
	let n = Rt(t[1] ?? "");
	return n === null || Pt(n) ? null : {
		...n,
		encoder: !0
	};
}
function Rt(e) {
	let t = /^\s*L?(\d+)(?:[.\s]*(?:H(\d+)|X(\d+)|(?:E(\d+)[.\s]*)?N(\d+)|(A(?:ttn|ttention)?)|(C(?:ross)?)|(M(?:LP)?)))?\s*$/i.exec(e);
	if (!t) return null;
	let [, n, r, i, a, o, , s, c] = t, l = { layer: Number(n) };
	return r === void 0 ? i === void 0 ? o === void 0 ? {
		kind: c ? "mlp" : s ? "cross_attention" : "attention",
		...l
	} : {
		kind: "neuron",
		...l,
		...a === void 0 ? {} : { expert: Number(a) },
		neuron: Number(o)
	} : {
		kind: "cross_head",
		...l,
		head: Number(i)
	} : {
		kind: "head",
		...l,
		head: Number(r)
	};
}
function W(e) {
	return G(zt(e), e.encoder ?? !1);
}
function zt(e) {
	return e.kind === "head" ? `L${e.layer}.H${e.head}` : e.kind === "cross_head" ? `L${e.layer}.X${e.head}` : e.kind === "neuron" ? e.expert === void 0 ? `L${e.layer}.N${e.neuron}` : `L${e.layer}.E${e.expert}.N${e.neuron}` : `L${e.layer} ${{
		mlp: "mlp",
		attention: "attn",
		cross_attention: "cross"
	}[e.kind]}`;
}
function G(e, t) {
	return t ? `enc.${e}` : e;
}
function Bt(e) {
	let t = Vt(e);
	if (t) return W(t);
	let n = e.kind.replaceAll("_", " ");
	return e.layer === null ? n : `L${e.layer} ${n}`;
}
function Vt(e) {
	let { kind: t, layer: n, expert: r } = e;
	return n === null ? null : t === "cross_attention" ? typeof e.head == "number" ? {
		kind: "cross_head",
		layer: n,
		head: e.head
	} : {
		kind: t,
		layer: n
	} : t === "attention" || t === "mlp" ? {
		kind: t,
		layer: n
	} : t === "head" && typeof e.head == "number" ? {
		kind: t,
		layer: n,
		head: e.head
	} : t !== "neuron" || typeof e.neuron != "number" ? null : {
		kind: t,
		layer: n,
		...typeof r == "number" ? { expert: r } : {},
		neuron: e.neuron
	};
}
function Ht(e) {
	let t = e;
	return typeof t != "object" || !t || !Ut(t.layer) || t.encoder !== void 0 && (t.encoder !== !0 || String(t.kind).startsWith("cross")) ? !1 : t.kind === "head" || t.kind === "cross_head" ? Ut(t.head) : t.kind === "neuron" ? Ut(t.neuron) && (t.expert === void 0 || Ut(t.expert)) : t.kind === "attention" || t.kind === "cross_attention" || t.kind === "mlp";
}
function Ut(e) {
	return Number.isInteger(e) && e >= 0;
}
// src/lib/knowledge.ts
var Wt = [
	"update",
	"erase",
	"suppress",
	"amplify"
], Gt = ["rome", "value"], Kt = [
	"refined",
	"kept",
	"shared"
], qt = {
	prompts: null,
	subject: "",
	t: .2,
	set: null,
	test: null,
	edit: null
};
function Jt(e, t, n) {
	let r = n.trim();
	return e.relations.flatMap(({ name: e, facts: n }) => n.filter((e) => r !== "" && e.answer.startsWith(r) && t.includes(e.subject)).map((t) => ({
		...t,
		relation: e
	})));
}
function Yt({ layers: e, attributions: t }) {
	return [!0, !1].map((n) => ({
		encoder: n,
		layers: e.filter((e) => (e.encoder ?? !1) === n),
		neurons: t.filter((e) => (e.encoder ?? !1) === n)
	})).filter((e) => e.layers.length > 0);
}
function Xt(e) {
	return W(H(e));
}
function Zt(e, t) {
	let n = Array.from({ length: t }, () => []);
	for (let t of e) n[t.layer]?.push(t);
	for (let e of n) e.sort((e, t) => Math.abs(t.value) - Math.abs(e.value));
	return n;
}
function Qt(e) {
	return [...new Set(e.split("\n").filter((e) => e.trim() !== ""))];
}
function $t(e) {
	let [t] = e.facts;
	return {
		refined: t?.refined ?? [],
		kept: t?.kept ?? [],
		shared: e.shared
	};
}
function en(e, t) {
	return t ?? Kt.find((t) => e[t].length > 0) ?? "refined";
}
function tn({ layer: e, expert: t, neuron: n }) {
	return {
		layer: e,
		...t === null ? {} : { expert: t },
		neuron: n
	};
}
function nn({ relation: e, subject: t, answer: n, target: r, prompts: i }) {
	let a = r === ` ${n}` ? {} : { target: r };
	return JSON.stringify({
		relation: e,
		subject: t || e,
		answer: n,
		...a,
		prompts: i
	});
}
function rn(e, t, n, r, i) {
	let a = n ? [
		"--relation",
		t.relation,
		"--subject",
		t.subject
	] : [], o = [
		"--model",
		i,
		"--save",
		"edit.safetensors"
	];
	if (e.action === "update") {
		let t = e.method === "rome" ? [] : [
			"--method",
			"value",
			...r.flatMap((e) => ["--neuron", e])
		];
		return an([
			"update",
			...n ? a : ["fact.jsonl"],
			"--to",
			e.to,
			...t,
			...o
		]);
	}
	return e.action === "erase" ? an([
		"suppress",
		...r,
		...o
	]) : an([
		e.action,
		...r,
		...n ? a : ["--facts", "fact.jsonl"],
		...o
	]);
}
function an(e) {
	return `unembed knowledge ${e.map((e) => /^[\w./-]+$/.test(e) ? e : `'${e.replaceAll("'", "'\\''")}'`).join(" ")}`;
}
function on(e, t) {
	let { prompts: n, t: r } = e;
	return {
		ask: "find",
		...cn(e, t),
		t: r,
		...n === null ? {} : { prompts: n }
	};
}
function sn(e, t, n, r) {
	let { prompts: i, subject: a } = e, o = i === null ? {} : { prompts: i }, s = r.map(tn);
	return t.action === "update" ? {
		ask: "update",
		...cn(e, n),
		...o,
		to: t.to,
		method: t.method,
		...t.method === "value" ? { neurons: s } : {},
		...i === null ? {} : { subject: a }
	} : {
		ask: "edit",
		...cn(e, n),
		...o,
		action: t.action,
		neurons: s
	};
}
function cn({ prompts: e }, { prompt: t, target: n }) {
	return e === null ? { prompt: t } : {
		prompt: t,
		target: n
	};
}
function ln(e) {
	let t = e;
	if (typeof t != "object") return !1;
	let { prompts: n, subject: r, t: i, set: a, test: o, edit: s } = t;
	return (n === null || Array.isArray(n) && n.every((e) => typeof e == "string")) && typeof r == "string" && typeof i == "number" && dn([null, ...Kt])(a) && dn([
		null,
		"zero",
		"double"
	])(o) && (s === null || un(s));
}
function un(e) {
	let t = e;
	return typeof t == "object" && dn(Wt)(t.action) && typeof t.to == "string" && dn(Gt)(t.method);
}
function dn(e) {
	return (t) => e.includes(t);
}
// src/page/state.ts
var fn = [
	"zero",
	"double",
	"mean",
	"swap"
], pn = {
	a: "",
	b: null,
	source: null,
	position: null,
	target: null,
	vs: null,
	reference: "mean",
	selection: null,
	test: null,
	pins: [],
	knowledge: null
};
function mn(e) {
	let t = Object.entries(e).filter(([e, t]) => JSON.stringify(t) !== JSON.stringify(pn[e]));
	return t.length === 0 ? "" : `#${encodeURIComponent(JSON.stringify(Object.fromEntries(t)))}`;
}
function hn(e, t = pn) {
	if (e.length < 2) return t;
	let n;
	try {
		n = JSON.parse(decodeURIComponent(e.slice(1)));
	} catch {
		return t;
	}
	return typeof n == "object" && n && !Array.isArray(n) ? gn({
		...pn,
		...n
	}) : t;
}
function gn(e) {
	let t = (t, n) => n(e[t]) ? e[t] : pn[t], n = (e) => e === null || typeof e == "string";
	return {
		a: t("a", (e) => typeof e == "string"),
		b: t("b", n),
		source: t("source", n),
		position: t("position", (e) => e === null || Ut(e)),
		target: t("target", (e) => n(e) || Ut(e)),
		vs: t("vs", n),
		reference: t("reference", (e) => e === "mean" || e === "raw"),
		selection: t("selection", (e) => e === null || Ht(e)),
		test: t("test", (e) => e === null || vn(e)),
		pins: t("pins", (e) => Array.isArray(e) && e.every(yn)),
		knowledge: t("knowledge", (e) => e === null || ln(e))
	};
}
function _n(e) {
	return e.text === "" || e.text.includes("�") ? e.id : e.text;
}
function vn(e) {
	return fn.some((t) => t === e);
}
function yn(e) {
	let t = e;
	return typeof t == "object" && !!t && Ht(t.part) && vn(t.how);
}
// src/page/page.ts
var bn = class {
	data;
	desk;
	state;
	hovered = L(null);
	explained = L(null);
	answered = L(null);
	helpOpen = L(!1);
	said = L("");
	shownPart = rt(() => this.hovered.value ?? this.state.value.selection);
	constructor(e, t) {
		this.data = e, this.desk = new Tt(t, e.results);
		let n = gn({
			...pn,
			...e.state
		});
		this.state = L(e.host === "widget" ? n : this.#e(n));
	}
	reads() {
		return (this.explained.value?.model ?? this.data.model)?.reads ?? null;
	}
	#e(e = pn) {
		let t = hn(location.hash, e);
		return this.data.model && this.data.model.reads === null ? {
			...t,
			source: null
		} : t;
	}
	asked() {
		let { a: e, source: t } = this.state.value;
		return this.reads() === null ? e !== "" : this.reads() === "audio" || !!t;
	}
	beside() {
		return this.reads() === null ? "prompt" : "source";
	}
	set(e) {
		let t = this.state.value, n = e.a !== void 0 && e.a !== t.a;
		this.state.value = {
			...t,
			...n ? { knowledge: null } : {},
			...e
		};
	}
	setKnowledge(e) {
		let t = this.state.value.knowledge;
		t && this.set({ knowledge: {
			...t,
			...e
		} });
	}
	select(e) {
		this.set({
			selection: e,
			test: null
		});
	}
	pin() {
		let { selection: e, test: t, pins: n } = this.state.value;
		if (!e) return;
		let r = n.filter((t) => !U(t.part, e));
		this.set({ pins: [...r, {
			part: e,
			how: t ?? "zero"
		}] }), this.said.value = `Pinned ${W(e)}.`;
	}
	take(e, t) {
		Ue(() => {
			this.explained.value = e, this.answered.value = e && t;
		});
	}
	followed() {
		let e = this.answered.value;
		return e && {
			...xn(e),
			target: e.target ?? this.explained.value?.target.id
		};
	}
	link() {
		if (this.data.host === "widget") return () => {};
		let e = ct(() => {
			let e = mn(this.state.value);
			e !== location.hash && history.replaceState(null, "", e || location.pathname + location.search);
		}), t = () => {
			this.state.value = this.#e();
		};
		return addEventListener("hashchange", t), () => {
			e(), removeEventListener("hashchange", t);
		};
	}
};
function xn({ a: e, source: t, target: n, vs: r, reference: i, position: a }) {
	return Sn({
		prompt: e,
		source: t,
		target: n,
		vs: r,
		position: a,
		reference: r === null && i !== "mean" ? i : null
	});
}
function Sn(e) {
	return Object.fromEntries(Object.entries(e).filter(([, e]) => e != null));
}
function Cn(e, t) {
	let n = R(0), r = N(""), i = `${e} ${t}`;
	return r.current !== i && (r.current = i, (e < n.value || e >= n.value + 128) && (n.value = Math.max(0, e - 128 + 1))), n;
}
function wn(e, t, n) {
	return e >= t && e < t + 128 ? t : Math.min(Math.max(0, e - 64), Math.max(0, n - 128));
}
// src/lib/colours.ts
var Tn = [
	[
		84,
		39,
		136
	],
	[
		128,
		115,
		172
	],
	[
		178,
		171,
		210
	],
	[
		247,
		247,
		247
	],
	[
		253,
		184,
		99
	],
	[
		224,
		130,
		20
	],
	[
		179,
		88,
		6
	]
], En = [
	[
		203,
		196,
		235
	],
	[
		146,
		133,
		194
	],
	[
		88,
		72,
		130
	],
	[
		44,
		44,
		42
	],
	[
		128,
		76,
		20
	],
	[
		214,
		132,
		44
	],
	[
		254,
		206,
		148
	]
], Dn = [
	[
		0,
		32,
		77
	],
	[
		49,
		68,
		107
	],
	[
		102,
		105,
		112
	],
	[
		149,
		143,
		120
	],
	[
		203,
		186,
		105
	],
	[
		255,
		234,
		70
	]
], On = L(!1);
if (typeof matchMedia < "u") {
	let e = matchMedia("(prefers-color-scheme: dark)");
	On.value = e.matches, e.addEventListener("change", () => {
		On.value = e.matches;
	});
}
function kn(e, t) {
	let n = Math.min(Math.max(Number.isFinite(t) ? t : 0, 0), 1) * (e.length - 1), r = e[Math.floor(n)], i = e[Math.ceil(n)], a = n - Math.floor(n);
	return [
		0,
		1,
		2
	].map((e) => {
		let [t, n] = [r[e], i[e]];
		return Math.round(t + (n - t) * a);
	});
}
function An(e, t) {
	return Nn(kn(On.value ? En : Tn, .5 + (t > 0 ? e / t : 0) / 2));
}
function jn(e) {
	return Nn(kn(Dn, e));
}
function Mn(e) {
	let [t = 0, n = 0, r = 0] = (e.match(/\d+/g) ?? []).map((e) => {
		let t = Number(e) / 255;
		return t <= .04045 ? t / 12.92 : ((t + .055) / 1.055) ** 2.4;
	});
	return .2126 * t + .7152 * n + .0722 * r > .179 ? "#000" : "#fff";
}
function Nn([e, t, n]) {
	return `rgb(${e},${t},${n})`;
}
// src/lib/format.ts
var Pn = "−", Fn = 1e6;
function K(e, t = 2) {
	return In(e, t, "");
}
function q(e, t = 2) {
	return In(e, t, "+");
}
function In(e, t, n) {
	let r = Math.abs(e);
	if (!(r < Fn)) return Ln(e, t, n);
	let i = r.toFixed(t);
	return Number(i) === 0 ? i : Rn(e, n) + i;
}
function Ln(e, t = 0, n = "") {
	if (Number.isNaN(e)) return "NaN";
	if (e === 0) return "0";
	let r = Math.abs(e), i = Number.isFinite(r) ? r.toExponential(t).replace(/([+-])(\d)$/, "$10$2") : "∞";
	return Rn(e, n) + i;
}
function Rn(e, t) {
	return e < 0 ? Pn : t;
}
function J(e) {
	if (e < 1e-4) return "<0.01%";
	let t = K(100 * e, e >= .001 ? 1 : 2);
	return t === "100.0" ? ">99.9%" : `${t}%`;
}
function zn(e) {
	return `${K(100 * e, 1)}%`;
}
function Bn(e, t) {
	if (Math.max(e, t) < 1e-4) return [Ln(e, 1), Ln(t, 1)];
	let [n, r] = [J(e), J(t)];
	if (!Wn(e, t) || n !== r && !Un(e, t)) return [n, r];
	let i = 2;
	for (; i < 4 && !Hn(e, t, i);) i++;
	return [`${Vn(e, i)}%`, `${Vn(t, i)}%`];
}
function Vn(e, t) {
	let n = K(100 * e, t);
	if (e <= 0 || e >= 1 || ![0, 100].includes(Number(n))) return n;
	let r = 10 ** -t;
	return Number(n) === 0 ? `<${K(r, t)}` : `>${K(100 - r, t)}`;
}
function Hn(e, t, n) {
	let r = [Vn(e, n), Vn(t, n)];
	return r[0] !== r[1] && !(Un(e, t) && r.some((e) => e.includes(">")));
}
function Un(e, t) {
	return Math.min(e, t) > .99;
}
function Wn(e, t) {
	let [n, r] = e < t ? [e, t] : [t, e];
	return r * (1 - n) > 1.1 * n * (1 - r);
}
function Gn(e) {
	let { verdict: t, size: n } = e;
	return `${n === "none" || t === "ordinary" ? "○" : "●"} ${t === null ? n : t === "ordinary" ? t : `${n} ${t}`}${e.borderline ? " ~" : ""}`;
}
var Kn = {
	" ": "·",
	"\n": "↵",
	"	": "⇥"
}, qn = /[\p{Cc}\p{Cf}\p{Cs}\p{Cn}\p{Co}\p{Z}\p{Default_Ignorable_Code_Point}\u2800]/u;
function Y(e) {
	return [...e].map((e) => Kn[e] ?? (qn.test(e) ? Jn(e) : e)).join("") || "''";
}
function Jn(e) {
	let t = (e.codePointAt(0) ?? 0).toString(16).padStart(4, "0");
	return t.length > 4 ? `\\u{${t}}` : `\\u${t}`;
}
// src/hooks/useRedraw.ts
function Yn(e) {
	ke(() => {
		e();
		let t = matchMedia("(prefers-color-scheme: dark)");
		return t.addEventListener("change", e), addEventListener("resize", e), () => {
			t.removeEventListener("change", e), removeEventListener("resize", e);
		};
	});
}
// node_modules/preact/jsx-runtime/dist/jsxRuntime.mjs
var Xn = Symbol.for("pv"), Zn = 0;
Array.isArray;
function X(t, n, r, i, a, o) {
	n ||= {};
	var s, c, l = n;
	if ("ref" in l && typeof t != "function") for (c in l = {}, n) c == "ref" ? s = n[c] : l[c] = n[c];
	var u = {
		type: t,
		props: l,
		key: r,
		ref: s,
		__k: null,
		__: null,
		__b: 0,
		__e: null,
		__c: null,
		constructor: Xn,
		__v: --Zn,
		__i: -1,
		__u: 0
	};
	return (a || o) && (u.__source = a, u.__self = o), e.vnode && e.vnode(u), u;
}
// src/ui/Grid.tsx
var Qn = 34;
function $n(e) {
	let t = N(null), n = R(null), r = N({
		width: 1,
		height: 1
	}), { columns: i, rows: a } = e;
	Yn(() => {
		let o = t.current, s = o?.parentElement?.clientWidth ?? 0, c = o?.getContext("2d");
		if (!o || !c || s === 0) return;
		let l = {
			width: Math.min(Math.max((s - Qn) / Math.max(i, 1), 7), 64),
			height: e.height ?? Math.min(Math.max(320 / Math.max(a, 1), 9), 22)
		};
		r.current = l;
		let [u, d] = [Qn + l.width * i, l.height * a + ir(e)], f = devicePixelRatio || 1;
		o.width = u * f, o.height = d * f, o.style.width = `${u}px`, o.style.height = `${d}px`, c.scale(f, f), tr(c, e, l), rr(c, e, l, getComputedStyle(o).color), n.value && nr(c, n.value, l, getComputedStyle(o).getPropertyValue("--accent"), 3);
	});
	let o = (e) => {
		let n = t.current?.getBoundingClientRect();
		if (!n) return null;
		let o = Math.floor((e.clientX - n.left - Qn) / r.current.width), s = Math.floor((e.clientY - n.top) / r.current.height);
		return o >= 0 && o < i && s >= 0 && s < a ? [o, s] : null;
	}, s = (t) => {
		let r = {
			ArrowLeft: [-1, 0],
			ArrowRight: [1, 0],
			ArrowUp: [0, -1],
			ArrowDown: [0, 1]
		}[t.key], o = n.value ?? [i - 1, 0];
		if (r) {
			let [e = 0, t = 0] = r;
			n.value = [er(o[0] + e, i), er(o[1] + t, a)];
		} else if ((t.key === "Enter" || t.key === " ") && e.onChoose) e.onChoose(...o);
		else return;
		t.preventDefault();
	}, c = n.value && n.value[0] < i && n.value[1] < a ? e.tell(...n.value) : null;
	return /* @__PURE__ */ X(S, { children: [/* @__PURE__ */ X("div", {
		class: "grid",
		children: /* @__PURE__ */ X("canvas", {
			ref: t,
			tabIndex: 0,
			role: "application",
			"aria-label": `${e.label}. Arrow keys move${e.onChoose ? ", Enter chooses" : ""}; a table follows.`,
			onMouseMove: (e) => n.value = o(e),
			onMouseLeave: () => n.value = null,
			onClick: (t) => {
				let n = o(t);
				n && e.onChoose?.(...n);
			},
			onKeyDown: s
		})
	}), /* @__PURE__ */ X("p", {
		class: "told",
		"aria-live": "polite",
		children: c ?? "\xA0"
	})] });
}
function er(e, t) {
	return Math.min(Math.max(e, 0), t - 1);
}
function tr(e, t, n) {
	for (let r = 0; r < t.rows; r += 1) for (let i = 0; i < t.columns; i += 1) {
		let a = t.colour(i, r);
		if (a === null) continue;
		e.fillStyle = a;
		let o = +(n.width > 10);
		e.fillRect(Qn + i * n.width, r * n.height, n.width - o, n.height - o), t.marked?.(i, r) && nr(e, [i, r], n, "#e8710a", 2);
	}
}
function nr(e, [t, n], r, i, a) {
	e.strokeStyle = i || "#e8710a", e.lineWidth = a, e.strokeRect(Qn + t * r.width + 1, n * r.height + 1, r.width - 2, r.height - 2);
}
function rr(e, t, n, r) {
	e.fillStyle = r, e.font = "11px system-ui, sans-serif", e.textBaseline = "middle", e.textAlign = "right";
	let i = Math.ceil(12 / n.height);
	for (let r = t.rows - 1; r >= 0; r -= i) e.fillText(t.rowName(r), 30, (r + .5) * n.height);
	let a = Math.ceil(13 / n.width);
	for (let r = 0; r < t.columns; r += a) e.save(), e.translate(Qn + (r + .5) * n.width, t.rows * n.height + 4), e.rotate(-Math.PI / 4), e.fillText(ar(t.columnName(r)), 0, 4), e.restore();
}
function ir(e) {
	let t = Array.from({ length: e.columns }, (t, n) => ar(e.columnName(n)).length);
	return 18 + 5 * Math.max(0, ...t);
}
function ar(e) {
	let t = [...e];
	return t.length > 11 ? `${t.slice(0, 10).join("")}…` : e;
}
// src/ui/Panel.tsx
function Z(e) {
	let t = Ne();
	return /* @__PURE__ */ X("section", {
		class: `panel panel-${e.name}`,
		"aria-labelledby": t,
		children: [
			/* @__PURE__ */ X("h2", {
				id: t,
				children: e.title
			}),
			e.note ? /* @__PURE__ */ X("p", {
				class: "note",
				children: e.note
			}) : null,
			e.children
		]
	});
}
// src/ui/PartButton.tsx
function or(e) {
	let t = z(), n = U(e.part, t.state.value.selection);
	return /* @__PURE__ */ X("button", {
		type: "button",
		class: "part",
		"aria-pressed": n,
		onClick: () => t.select(n ? null : e.part),
		onMouseEnter: () => t.hovered.value = e.part,
		onMouseLeave: () => t.hovered.value = null,
		children: W(e.part)
	});
}
// src/ui/Status.tsx
function Q(e) {
	let t = z(), n = e.answer;
	return !n || n.result ? null : n.error && t.data.host === "report" ? /* @__PURE__ */ X("p", {
		class: "note",
		children: n.error
	}) : n.error ? /* @__PURE__ */ X("p", {
		class: "error",
		role: "alert",
		children: n.error
	}) : /* @__PURE__ */ X("p", {
		class: "progress",
		children: [
			/* @__PURE__ */ X("progress", {
				value: n.fraction,
				max: 1,
				"aria-label": n.stage
			}),
			" ",
			n.stage
		]
	});
}
// src/ui/Table.tsx
function sr(e) {
	return /* @__PURE__ */ X("section", {
		class: "scroll",
		tabIndex: 0,
		"aria-label": e.label,
		children: e.children
	});
}
function cr(e) {
	let t = z(), n = lr();
	return /* @__PURE__ */ X("details", {
		class: "twin",
		ref: n.ref,
		onToggle: n.toggle,
		children: [/* @__PURE__ */ X("summary", { children: ["Table: ", e.label] }), n.open || t.data.host === "report" ? /* @__PURE__ */ X(sr, {
			label: `Table: ${e.label}`,
			children: /* @__PURE__ */ X("table", { children: [/* @__PURE__ */ X("thead", { children: /* @__PURE__ */ X("tr", { children: e.head.map((e, t) => /* @__PURE__ */ X("th", {
				scope: "col",
				children: e
			}, t)) }) }), /* @__PURE__ */ X("tbody", { children: e.rows().map((e, t) => /* @__PURE__ */ X("tr", { children: e.map((e, t) => /* @__PURE__ */ X("td", { children: e }, t)) }, t)) })] })
		}) : null]
	});
}
function lr() {
	let e = R(!1), t = N(null);
	return {
		ref: t,
		get open() {
			return e.value;
		},
		toggle: () => {
			e.value = t.current?.open ?? !1;
		}
	};
}
// src/ui/Window.tsx
function ur(e) {
	let { start: t, length: n, what: r } = e;
	if (n <= 128) return t.value !== 0 && (t.value = 0), null;
	let i = Math.max(0, n - 128), a = (e) => {
		t.value = Math.min(Math.max(e, 0), i);
	};
	return /* @__PURE__ */ X("p", {
		class: "window",
		children: [
			/* @__PURE__ */ X("button", {
				type: "button",
				disabled: t.value === 0,
				onClick: () => a(t.value - 128),
				children: ["Earlier ", r]
			}),
			" ",
			t.value,
			"–",
			Math.min(t.value + 128, n) - 1,
			" of ",
			n,
			" ",
			/* @__PURE__ */ X("button", {
				type: "button",
				disabled: t.value >= i,
				onClick: () => a(t.value + 128),
				children: ["Later ", r]
			})
		]
	});
}
// src/panels/Attention.tsx
function dr() {
	let e = z(), t = e.explained.value, n = e.followed(), { selection: r } = e.state.value, i = t?.heads.find((e) => !e.cross), a = r && Nt(r) !== "mlp" ? r : null, o = a !== null && Pt(a), s = a !== null && Ft(a), c = (s ? t?.sources?.length : t?.tokens.length) ?? 0, l = Cn(s ? 0 : t?.position ?? 0, c), u = a?.layer ?? i?.layer ?? 0, d = a ? a.head : i?.head, f = n && {
		ask: "attention",
		...n,
		layer: u,
		...a ? It(a) : {}
	}, p = V(f), m = V(f && d !== void 0 && !o ? {
		...f,
		head: d
	} : null);
	return t ? /* @__PURE__ */ X(Z, {
		name: "attention",
		title: `${o ? "Cross-attention" : a?.encoder ? "Attention of the encoder" : "Attention"}: layer ${u}`,
		note: a ? `${fr(a, t.position)} Each head: its attention to the tokens (above) and what they give the target through it (below).` : "Of the strongest head. Select a head or an attention sublayer to see another.",
		children: [
			/* @__PURE__ */ X(ur, {
				start: l,
				length: c,
				what: "tokens"
			}),
			/* @__PURE__ */ X(Q, { answer: p.answer }),
			p.result ? /* @__PURE__ */ X("div", {
				class: p.stale ? "stale" : "",
				children: [/* @__PURE__ */ X(hr, {
					payload: p.result,
					start: l.value
				}), /* @__PURE__ */ X(cr, {
					label: "attention and contribution by head and token",
					head: [
						"head",
						"source",
						"attention",
						"gives (logits)"
					],
					rows: () => pr(p.result, l.value)
				})]
			}) : null,
			d === void 0 || o ? null : /* @__PURE__ */ X(Q, { answer: m.answer }),
			m.result?.matrix === null ? /* @__PURE__ */ X("p", {
				class: "note",
				children: "The whole pattern of a head is not kept for a prompt of this length."
			}) : null,
			m.result?.matrix ? /* @__PURE__ */ X("div", {
				class: m.stale ? "stale" : "",
				children: /* @__PURE__ */ X(vr, {
					payload: m.result,
					matrix: m.result.matrix,
					start: l.value
				})
			}) : null
		]
	}) : null;
}
function fr(e, t) {
	return e.encoder ? "The mean over all positions of the source." : `From position ${t}.`;
}
function pr(e, t) {
	return e.heads.flatMap((n) => mr(n, e).slice(t, t + 128).map((e) => [
		W(jt(n)),
		`${e.position} ${Y(e.text)}`,
		K(n.pattern[e.position] ?? 0, 3),
		q(n.contribution[e.position] ?? 0, 3)
	]));
}
function mr(e, t) {
	return e.cross || e.encoder ? (t.sources ?? []).map(({ position: e, label: t }) => ({
		position: e,
		text: t
	})) : t.tokens.slice(0, e.pattern.length);
}
function hr({ payload: e, start: t }) {
	let { heads: n } = e, r = Math.max(0, ...n.flatMap((e) => e.contribution.map(Math.abs)));
	return /* @__PURE__ */ X("ul", {
		class: "multiples",
		children: n.map((n) => /* @__PURE__ */ X("li", { children: [
			/* @__PURE__ */ X(or, { part: jt(n) }),
			" ",
			q(n.value),
			/* @__PURE__ */ X(gr, {
				head: n,
				tokens: mr(n, e),
				start: t,
				largest: r
			})
		] }, n.head))
	});
}
function gr(e) {
	let t = e.tokens.slice(e.start, e.start + 128), n = 100 / Math.max(t.length, 1);
	return /* @__PURE__ */ X("svg", {
		class: "strips",
		viewBox: "0 0 100 20",
		preserveAspectRatio: "none",
		"aria-hidden": "true",
		children: t.map((t, r) => {
			let i = e.head.pattern[t.position] ?? 0, a = e.head.contribution[t.position] ?? 0;
			return /* @__PURE__ */ X("g", { children: [
				/* @__PURE__ */ X("rect", {
					x: r * n,
					y: 0,
					width: n * .94,
					height: 9,
					fill: jn(i)
				}),
				/* @__PURE__ */ X("rect", {
					x: r * n,
					y: 10,
					width: n * .94,
					height: 9,
					fill: An(a, e.largest)
				}),
				/* @__PURE__ */ X("title", { children: `${t.position} ${Y(t.text)}: attention ${K(i)}, gives ${q(a)}` })
			] }, t.position);
		})
	});
}
var _r = {
	attention: "pattern",
	written: "value-weighted, at every position",
	target: "value-weighted, for the target"
};
function vr(e) {
	let { payload: t, matrix: n, start: r } = e, [i] = t.heads, a = R("attention"), o = i?.encoder || (t.model.bidirectional ?? !1), s = i?.encoder ? mr(i, t) : t.tokens, c = Math.min(128, s.length - r), l = i ? W(jt(i)) : "", u = (e) => Y(s[r + e]?.text ?? ""), d = (e, t) => n[r + e]?.[r + t] ?? 0, f = (e, n) => d(e, n) * (t.norms?.[r + n] ?? 0);
	return /* @__PURE__ */ X(S, { children: [
		/* @__PURE__ */ X("h3", { children: l }),
		/* @__PURE__ */ X("p", {
			class: "controls",
			children: Object.entries(_r).map(([e, n]) => /* @__PURE__ */ X("button", {
				type: "button",
				"aria-pressed": a.value === e,
				disabled: e === "written" && !t.norms,
				onClick: () => a.value = e,
				children: n
			}, e))
		}),
		a.value === "target" ? /* @__PURE__ */ X(br, {
			text: u,
			given: i?.contribution ?? [],
			name: l,
			start: r,
			size: c
		}) : /* @__PURE__ */ X(yr, {
			label: a.value === "attention" ? `Attention pattern of ${l}, query by key` : `Norm of what ${l} writes, query by key`,
			size: c,
			start: r,
			text: u,
			value: a.value === "attention" ? d : f,
			whole: o,
			largest: a.value === "attention" ? 1 : void 0
		}),
		/* @__PURE__ */ X(cr, {
			label: `pattern of ${l}`,
			head: [
				"from",
				"to",
				"attention",
				"norm of what is written"
			],
			rows: () => Array.from({ length: c }, (e, n) => Array.from({ length: o ? c : n + 1 }, (e, i) => [
				`${r + n} ${u(n)}`,
				`${r + i} ${u(i)}`,
				K(d(n, i), 3),
				t.norms ? K(f(n, i), 3) : ""
			])).flat()
		})
	] });
}
function yr(e) {
	let { size: t, start: n, text: r, value: i } = e, a = Array.from({ length: t }, (e, t) => t), o = e.largest ?? Math.max(1e-9, ...a.flatMap((e) => a.map((t) => i(e, t))));
	return /* @__PURE__ */ X($n, {
		label: e.label,
		columns: t,
		rows: t,
		height: 12,
		colour: (t, n) => t > n && !e.whole ? null : jn(i(n, t) / o),
		tell: (e, t) => `from ${n + t} ${r(t)} to ${n + e} ${r(e)}: ${K(i(t, e), 3)}`,
		rowName: (e) => `${n + e}`,
		columnName: r
	});
}
function br(e) {
	let { text: t, given: n, name: r, start: i } = e, a = Math.max(0, ...n.map(Math.abs));
	return /* @__PURE__ */ X($n, {
		label: `What each token gives through ${r}`,
		columns: e.size,
		rows: 1,
		height: 26,
		colour: (e) => An(n[i + e] ?? 0, a),
		tell: (e) => `${t(e)} gives ${q(n[i + e] ?? 0, 3)} logits through ${r}`,
		rowName: () => "",
		columnName: t
	});
}
// src/lib/align.ts
function xr(e, t) {
	let n = [], [r, i] = [0, 0];
	for (let [a, o] of [...Cr(e, t), [e.length, t.length]]) {
		let s = a - r === o - i;
		for (; r < a;) n.push({
			a: r,
			b: s ? i : null,
			how: s ? "differs" : "alone"
		}), r += 1, s && (i += 1);
		for (; i < o; i += 1) n.push({
			a: null,
			b: i,
			how: "alone"
		});
		a < e.length && o < t.length && n.push({
			a,
			b: o,
			how: "same"
		}), [r, i] = [a + 1, o + 1];
	}
	return n;
}
function Sr(e) {
	return e.flatMap(({ a: e, b: t }) => e === null || t === null ? [] : [[e, t]]);
}
function Cr(e, t) {
	let n = 0;
	for (; n < e.length && n < t.length && e[n] === t[n];) n += 1;
	let r = 0;
	for (; r < Math.min(e.length, t.length) - n && e.at(-1 - r) === t.at(-1 - r);) r += 1;
	let i = wr(e.slice(n, e.length - r), t.slice(n, t.length - r));
	return [
		...Array.from({ length: n }, (e, t) => [t, t]),
		...i.map(([e, t]) => [e + n, t + n]),
		...Array.from({ length: r }, (n, i) => [e.length - r + i, t.length - r + i])
	];
}
function wr(e, t) {
	let n = t.length + 1, r = new Uint16Array((e.length + 1) * n), i = (e, t) => r[e * n + t] ?? 0;
	for (let a = e.length - 1; a >= 0; --a) for (let o = t.length - 1; o >= 0; --o) r[a * n + o] = e[a] === t[o] ? i(a + 1, o + 1) + 1 : Math.max(i(a + 1, o), i(a, o + 1));
	let a = [];
	for (let n = 0, r = 0; n < e.length && r < t.length;) e[n] === t[r] ? a.push([n++, r++]) : i(n + 1, r) >= i(n, r + 1) ? n += 1 : r += 1;
	return a;
}
// src/hooks/useCompared.ts
function Tr() {
	let e = z(), { b: t } = e.state.value, { position: n } = e.answered.value ?? e.state.value, r = e.explained.value, i = e.followed(), a = e.beside(), o = t !== null && t !== "" && r !== null && i !== null && t !== i[a], s = {
		...i,
		[a]: t,
		test: !1,
		top: 10
	};
	delete s.position;
	let c = B(o ? {
		ask: "explain",
		...s
	} : null), l = o && c?.result ? xr(Er(r), Er(c.result)) : null, u = l && r ? Sr(l).find(([e]) => e === r.position) : void 0, d = B(o && n !== null && u ? {
		ask: "explain",
		...s,
		position: u[1]
	} : null);
	if (!o) return null;
	let f = n === null ? c : u ? d : c?.result ? null : c;
	return {
		answer: f,
		result: f?.result ?? null,
		columns: l,
		mate: u?.[1] ?? null
	};
}
function Er(e) {
	return e.tokens.map((e) => e.id);
}
// src/lib/ledger.ts
function Dr(e, t, n, r = () => !1) {
	let i = [...e].sort((e, t) => Math.abs(t.value) - Math.abs(e.value)), a = /* @__PURE__ */ new Set([...i.slice(0, t), ...i.filter(r)]), o = i.filter((e) => !a.has(e));
	return {
		shown: (n === "size" ? i : e).filter((e) => a.has(e)),
		others: {
			count: o.length,
			value: kr(o.map((e) => e.value))
		},
		sum: kr(e.map((e) => e.value))
	};
}
function Or(e, t, n) {
	return Math.max(e, Math.abs(n), ...t.map((e) => Math.abs(e.value)));
}
function kr(e) {
	let t = 0, n = 0;
	for (let r of e) {
		let e = t + r;
		n += Math.abs(t) >= Math.abs(r) ? t - e + r : r - e + t, t = e;
	}
	return t + n;
}
function Ar(e) {
	let t = kr(e.terms.map((e) => e.value)), n = Math.abs(t - e.value);
	return {
		sum: t,
		error: n,
		holds: n <= e.tolerance
	};
}
function jr(e) {
	return [
		e.kind,
		e.layer,
		e.head,
		e.expert,
		e.neuron,
		e.source
	].join(" ");
}
function Mr(e, t) {
	let n = new Map(t.map((e) => [jr(e), e]));
	return [...e.map((e) => {
		let t = n.get(jr(e));
		return n.delete(jr(e)), {
			term: e,
			a: e.value,
			b: t?.value ?? null
		};
	}), ...[...n.values()].map((e) => ({
		term: e,
		a: null,
		b: e.value
	}))];
}
// src/ui/Bar.tsx
function Nr(e) {
	let t = e.largest > 0 ? Math.min(Math.abs(e.value) / e.largest, 1) : 0;
	return /* @__PURE__ */ X("span", {
		class: "bar",
		"aria-hidden": "true",
		children: /* @__PURE__ */ X("span", {
			class: e.value < 0 ? "negative" : "positive",
			style: { width: `${t * 50}%` }
		})
	});
}
function Pr(e) {
	return /* @__PURE__ */ X("span", {
		class: e.value < 0 ? "number negative" : "number positive",
		children: q(e.value, e.digits)
	});
}
// src/ui/Token.tsx
function $(e) {
	return /* @__PURE__ */ X("bdi", {
		class: "token-text",
		children: Y(e.text)
	});
}
function Fr(e) {
	return /* @__PURE__ */ X("span", {
		class: "tokens",
		children: e.tokens.map((e, t) => /* @__PURE__ */ X("span", {
			class: "chip",
			children: /* @__PURE__ */ X($, { text: e.text })
		}, t))
	});
}
function Ir(e) {
	return /* @__PURE__ */ X("span", {
		class: "chip",
		children: [
			/* @__PURE__ */ X($, { text: e.at.text }),
			" ",
			/* @__PURE__ */ X("span", {
				class: "small",
				children: K(e.at.attention)
			})
		]
	});
}
// src/panels/Patch.tsx
var Lr = {
	resid_pre: "stream before a block",
	attention: "attention's write",
	mlp: "MLP's write"
};
function Rr(e) {
	let t = z(), { a: n, target: r, vs: i } = t.answered.value ?? t.state.value, a = R("resid_pre"), { answer: o, result: s, stale: c } = V({
		ask: "patch",
		prompt: n,
		prompt_b: e.promptB,
		site: a.value,
		align: e.pairs,
		...r === null ? {} : { target: r },
		...i === null ? {} : { vs: i }
	});
	return /* @__PURE__ */ X("div", { children: [
		/* @__PURE__ */ X("h3", { children: "Patching: B with one value of A at a time" }),
		/* @__PURE__ */ X("p", {
			class: "controls",
			children: /* @__PURE__ */ X("label", { children: [
				"Value",
				" ",
				/* @__PURE__ */ X("select", {
					value: a.value,
					onChange: (e) => a.value = e.currentTarget.value,
					children: Object.entries(Lr).map(([e, t]) => /* @__PURE__ */ X("option", {
						value: e,
						children: t
					}, e))
				})
			] })
		}),
		/* @__PURE__ */ X(Q, { answer: o }),
		s ? /* @__PURE__ */ X("div", {
			class: c ? "stale" : "",
			children: /* @__PURE__ */ X(zr, { result: s })
		}) : null
	] });
}
function zr({ result: e }) {
	let t = z(), n = R(0), r = [...new Set(e.grid.map((e) => e.position ?? 0))].sort((e, t) => e - t), i = [...new Set(e.grid.map((e) => e.layer))].sort((e, t) => t - e), a = new Map(e.grid.map((e) => [`${e.layer} ${e.position ?? 0}`, e])), o = r.slice(n.value, n.value + 128), s = (e, t) => a.get(`${i[t]} ${o[e]}`), c = (t) => Y(e.clean_tokens[t]?.text ?? ""), l = Math.max(1, ...e.grid.map((e) => Math.abs(e.effect ?? 0))), u = (t) => t ? `L${t.layer}, position ${t.position} ${c(t.position ?? 0)}: ${e.metric} ${K(t.value)}, effect ${q(t.effect ?? 0)}` : "", d = (e.target ?? []).map((e) => Y(e.text)).join("");
	return /* @__PURE__ */ X(S, { children: [
		/* @__PURE__ */ X("p", {
			class: "note",
			children: [
				e.metric.replace("-", " "),
				" of ",
				d,
				e.versus ? ` over ${Y(e.versus.text)}` : "",
				": ",
				K(e.clean),
				" in A,",
				" ",
				K(e.corrupt),
				" in B. Effect 0: as B; +1 (orange): as A; below 0 (purple): away from A.",
				" ",
				e.complete ? "" : "Not all cells were computed."
			]
		}),
		/* @__PURE__ */ X(ur, {
			start: n,
			length: r.length,
			what: "tokens"
		}),
		/* @__PURE__ */ X($n, {
			label: "Effect of patching, by layer and token",
			columns: o.length,
			rows: i.length,
			colour: (e, t) => {
				let n = s(e, t);
				return n ? An(n.effect ?? 0, l) : null;
			},
			tell: (e, t) => u(s(e, t)),
			rowName: (e) => `L${i[e]}`,
			columnName: (e) => c(o[e] ?? -1),
			...e.site.startsWith("resid") ? {} : { onChoose: (n, r) => t.select({
				kind: e.site === "mlp" ? "mlp" : "attention",
				layer: i[r] ?? 0
			}) }
		}),
		/* @__PURE__ */ X(cr, {
			label: "effect of patching",
			head: [
				"layer",
				"position",
				e.metric,
				"effect"
			],
			rows: () => e.grid.filter((e) => o.includes(e.position ?? 0)).map((e) => [
				`L${e.layer}`,
				`${e.position} ${c(e.position ?? 0)}`,
				K(e.value),
				e.effect === null ? "—" : q(e.effect)
			])
		})
	] });
}
// src/panels/Compare.tsx
var Br = 12;
function Vr() {
	let e = z(), t = e.explained.value, n = Tr(), { b: r } = e.state.value;
	if (!t || r === null) return null;
	if (!n) return /* @__PURE__ */ X(Z, {
		name: "compare",
		title: "Compare A and B",
		note: `Change ${e.beside()} B to see what differs.`,
		children: null
	});
	let i = n.columns ? Sr(n.columns) : [];
	return /* @__PURE__ */ X(Z, {
		name: "compare",
		title: "Compare A and B",
		children: [
			/* @__PURE__ */ X(Q, { answer: n.answer }),
			/* @__PURE__ */ X(Hr, {
				explained: t,
				compared: n
			}),
			n.columns && n.mate === null ? /* @__PURE__ */ X("p", {
				class: "error",
				children: "The explained position of A has no partner in B, so the two ledgers are not set side by side."
			}) : null,
			/* @__PURE__ */ X("div", {
				class: "side-by-side wide",
				children: [n.result && n.mate !== null ? /* @__PURE__ */ X(Wr, {
					a: t,
					b: n.result
				}) : null, e.reads() === null && i.length > 0 && n.mate !== null ? t.position === t.asks ? /* @__PURE__ */ X(Rr, {
					pairs: i,
					promptB: r
				}) : /* @__PURE__ */ X("p", {
					class: "note",
					children: "Patching is read at the last token; choose it to see this map."
				}) : null]
			})
		]
	});
}
function Hr({ explained: e, compared: t }) {
	let n = t.result?.tokens ?? [];
	if (!t.columns || !t.result) return null;
	let r = {
		same: "=",
		differs: "≠",
		alone: "∅"
	};
	return /* @__PURE__ */ X(sr, {
		label: "Tokens of A and B",
		children: [/* @__PURE__ */ X("table", {
			class: "columns",
			children: /* @__PURE__ */ X("tbody", { children: [
				/* @__PURE__ */ X("tr", { children: [/* @__PURE__ */ X("th", {
					scope: "row",
					children: "A"
				}), t.columns.map(({ a: t, how: n }, r) => /* @__PURE__ */ X("td", {
					class: n,
					children: t === null ? "—" : /* @__PURE__ */ X($, { text: e.tokens[t]?.text ?? "" })
				}, r))] }),
				/* @__PURE__ */ X("tr", { children: [/* @__PURE__ */ X("th", {
					scope: "row",
					children: /* @__PURE__ */ X("span", {
						class: "hidden",
						children: "aligned"
					})
				}), t.columns.map(({ how: e }, t) => /* @__PURE__ */ X("td", {
					class: e,
					title: e,
					children: [r[e], /* @__PURE__ */ X("span", {
						class: "hidden",
						children: e
					})]
				}, t))] }),
				/* @__PURE__ */ X("tr", { children: [/* @__PURE__ */ X("th", {
					scope: "row",
					children: "B"
				}), t.columns.map(({ b: e, how: t }, r) => /* @__PURE__ */ X("td", {
					class: t,
					children: e === null ? "—" : /* @__PURE__ */ X($, { text: n[e]?.text ?? "" })
				}, r))] })
			] })
		}), /* @__PURE__ */ X("p", {
			class: "note",
			children: "= equal; ≠ replaced, set side by side; ∅ without a partner."
		})]
	});
}
var Ur = (e) => (e.a ?? 0) - (e.b ?? 0);
function Wr({ a: e, b: t }) {
	let n = Mr(e.ledger.terms, t.ledger.terms).sort((e, t) => Math.abs(Ur(t)) - Math.abs(Ur(e))), r = n.slice(0, Br), i = n.slice(Br), a = Math.max(0, ...n.map((e) => Math.abs(Ur(e)))), o = (e) => [
		kr(e.map((e) => e.a ?? 0)),
		kr(e.map((e) => e.b ?? 0)),
		kr(e.map(Ur))
	];
	return /* @__PURE__ */ X("table", {
		class: "differences",
		children: [
			/* @__PURE__ */ X("caption", { children: [
				"Ledger of ",
				/* @__PURE__ */ X($, { text: e.target.text }),
				": ",
				J(e.target.probability),
				" in A,",
				" ",
				J(t.target.probability),
				" in B"
			] }),
			/* @__PURE__ */ X("thead", { children: /* @__PURE__ */ X("tr", { children: [
				/* @__PURE__ */ X("th", {
					scope: "col",
					children: "part"
				}),
				/* @__PURE__ */ X("th", {
					scope: "col",
					class: "number",
					children: "A"
				}),
				/* @__PURE__ */ X("th", {
					scope: "col",
					class: "number",
					children: "B"
				}),
				/* @__PURE__ */ X("th", {
					scope: "col",
					class: "number",
					children: "A − B"
				}),
				/* @__PURE__ */ X("th", {
					scope: "col",
					class: "wide-only",
					children: /* @__PURE__ */ X("span", {
						class: "hidden",
						children: "bar"
					})
				})
			] }) }),
			/* @__PURE__ */ X("tbody", { children: [r.map((e) => {
				let t = Vt(e.term);
				return /* @__PURE__ */ X("tr", { children: [
					/* @__PURE__ */ X("th", {
						scope: "row",
						children: t ? /* @__PURE__ */ X(or, { part: t }) : Bt(e.term)
					}),
					/* @__PURE__ */ X("td", {
						class: "number",
						children: e.a === null ? "—" : q(e.a)
					}),
					/* @__PURE__ */ X("td", {
						class: "number",
						children: e.b === null ? "—" : q(e.b)
					}),
					/* @__PURE__ */ X("td", {
						class: "number",
						children: /* @__PURE__ */ X(Pr, { value: Ur(e) })
					}),
					/* @__PURE__ */ X("td", {
						class: "wide-only",
						children: /* @__PURE__ */ X(Nr, {
							value: Ur(e),
							largest: a
						})
					})
				] }, jr(e.term));
			}), /* @__PURE__ */ X(Gr, {
				name: `${i.length} others (net)`,
				sums: o(i)
			})] }),
			/* @__PURE__ */ X("tfoot", { children: /* @__PURE__ */ X(Gr, {
				name: "total",
				sums: o(n)
			}) })
		]
	});
}
function Gr({ name: e, sums: t }) {
	return /* @__PURE__ */ X("tr", {
		class: e === "total" ? "total" : "others",
		children: [
			/* @__PURE__ */ X("th", {
				scope: "row",
				children: e
			}),
			t.map((e, t) => /* @__PURE__ */ X("td", {
				class: "number",
				children: q(e)
			}, t)),
			/* @__PURE__ */ X("td", { class: "wide-only" })
		]
	});
}
// src/hooks/useSeen.ts
function Kr() {
	let e = N(null), t = R(typeof IntersectionObserver > "u");
	return ke(() => {
		if (t.value || !e.current) return;
		let n = new IntersectionObserver((e) => {
			e.some((e) => e.isIntersecting) && (t.value = !0);
		});
		return n.observe(e.current), () => n.disconnect();
	}, []), je(() => ({
		ref: e,
		get seen() {
			return t.value;
		}
	}), []);
}
// src/lib/flow.ts
var qr = 60;
function Jr(e, t, n = qr) {
	let r = /* @__PURE__ */ new Map([[Yr, Xr(e)]]), i = /* @__PURE__ */ new Map(), a = [], o = [...e.paths].sort((e, t) => Math.abs(t.value) - Math.abs(e.value));
	for (let s of o) {
		if (Math.abs(s.value) < t * Math.abs(e.value)) break;
		let o = [Zr(s), ...s.steps.map(Qr)], c = o.filter((e) => !r.has(e.id));
		if (r.size + c.length > n) break;
		for (let e of c) r.set(e.id, e);
		let l = [...o.map((e) => e.id), Yr];
		l.slice(1).forEach((e, t) => {
			let n = l[t], r = i.get(`${n} ${e}`) ?? {
				from: n,
				to: e,
				value: 0
			};
			i.set(`${n} ${e}`, {
				...r,
				value: r.value + s.value
			});
		}), a.push(s);
	}
	return {
		nodes: [...r.values()],
		edges: [...i.values()],
		paths: a,
		remainder: {
			count: e.paths.length - a.length + e.small_count,
			value: e.value - kr(a.map((e) => e.value))
		}
	};
}
var Yr = "output";
function Xr(e) {
	let { position: t, model: n } = e;
	return {
		id: Yr,
		label: "",
		position: t,
		ofSource: !1,
		height: n.layers,
		carries: !1,
		part: null
	};
}
function Zr(e) {
	let { kind: t, layer: n, position: r } = e, i = e.of_source ?? !1, a = i && !t.startsWith("cross"), o = n === null ? -1 : n + (t.startsWith("cross") ? .3 : .6);
	return {
		id: `${G(t, a)} ${n} ${r}`,
		label: G(Bt({
			kind: t,
			layer: n
		}), a),
		position: r,
		ofSource: i,
		height: ei(o, a),
		carries: !1,
		part: t === "mlp" && n !== null ? {
			kind: "mlp",
			layer: n,
			...a ? { encoder: a } : {}
		} : null
	};
}
function Qr(e) {
	let { layer: t, head: n, source: r, destination: i } = e, a = e.encoder ?? !1, o = jt(e);
	return {
		id: `${G(o.kind, a)} ${t} ${n} ${r} ${i}`,
		label: W(o),
		position: i,
		ofSource: a,
		height: ei(t + (e.cross ? .4 : .2), a),
		carries: !0,
		part: o
	};
}
var $r = -1e6;
function ei(e, t) {
	return t ? $r + e : e;
}
function ti(e) {
	return [...new Map(e.map(({ ofSource: e, position: t }) => [ni({
		ofSource: e,
		position: t
	}), {
		ofSource: e,
		position: t
	}])).values()].sort((e, t) => Number(t.ofSource) - Number(e.ofSource) || e.position - t.position);
}
function ni({ ofSource: e, position: t }) {
	return `${e ? "source" : "prompt"} ${t}`;
}
function ri(e, { ofSource: t, position: n }) {
	return (t ? e.sources?.[n]?.label : e.tokens[n]?.text) ?? "";
}
function ii(e, t) {
	let n = Zr(e), r = e.steps.map(Qr).map((e) => ` → ${e.label} (to ${e.position} ${t(e)})`);
	return `${n.label} at ${e.position} ${t(n)}${r.join("")}`;
}
// src/panels/Flow.tsx
var ai = 84, oi = 108, si = 30;
function ci() {
	let e = z(), t = e.explained.value, { ref: n, seen: r } = Kr(), i = e.followed(), { answer: a, result: o, stale: s } = V(r && i ? {
		ask: "paths",
		...i
	} : null), c = R(2);
	return /* @__PURE__ */ X("div", {
		ref: n,
		class: "flow-place",
		children: t ? /* @__PURE__ */ X(Z, {
			name: "flow",
			title: "Flow",
			note: "Paths from where something is written to the prediction. Solid orange raises, dashed purple lowers.",
			children: [
				e.reads() === null ? null : /* @__PURE__ */ X("p", {
					class: "note",
					children: "Columns with the mark “enc.” are positions of the source; paths start in the encoder (enc.) and cross to the prompt by heads of cross-attention (X)."
				}),
				/* @__PURE__ */ X(Q, { answer: a }),
				o ? /* @__PURE__ */ X("div", {
					class: s ? "stale" : "",
					children: [/* @__PURE__ */ X("label", {
						class: "controls",
						children: [
							"Paths of at least ",
							c.value,
							"% of the logit",
							" ",
							/* @__PURE__ */ X("input", {
								type: "range",
								min: .5,
								max: 10,
								step: .5,
								value: c.value,
								onInput: (e) => c.value = Number(e.currentTarget.value)
							})
						]
					}), /* @__PURE__ */ X(li, {
						payload: o,
						flow: Jr(o, c.value / 100)
					})]
				}) : null
			]
		}) : null
	});
}
function li({ payload: e, flow: t }) {
	let n = (t) => Y(ri(e, t)), r = ti(t.nodes), i = [...new Set(t.nodes.map((e) => e.height))].sort((e, t) => t - e), a = ui(t.nodes, r, i), o = Math.max(1, ...[...a.values()].map((e) => e.x)) + ai, s = i.length * si + 40, c = Math.max(0, ...t.edges.map((e) => Math.abs(e.value))), l = t.paths.map((e) => e.value);
	return /* @__PURE__ */ X(S, { children: [
		/* @__PURE__ */ X(sr, {
			label: "Flow graph",
			children: /* @__PURE__ */ X("svg", {
				class: "flow",
				width: o,
				height: s,
				viewBox: `0 0 ${o} ${s}`,
				children: [
					/* @__PURE__ */ X("title", { children: `${t.paths.length} paths to ${Y(e.target.text)}` }),
					t.edges.map((e) => /* @__PURE__ */ X(pi, {
						edge: e,
						places: a,
						largest: c
					}, `${e.from} ${e.to}`)),
					t.nodes.map((t) => /* @__PURE__ */ X(mi, {
						node: t,
						place: a.get(t.id) ?? {
							x: 0,
							y: 0
						},
						label: t.id === "output" ? `${Y(e.target.text)} ${q(e.value)}` : t.label
					}, t.id)),
					r.map((e) => /* @__PURE__ */ X("text", {
						class: "column",
						x: fi(a, t.nodes, e),
						y: s - 10,
						children: [
							G(String(e.position), e.ofSource),
							" ",
							n(e)
						]
					}, ni(e)))
				]
			})
		}),
		/* @__PURE__ */ X("p", {
			class: "note",
			children: [
				t.paths.length,
				" paths carry ",
				q(l.reduce((e, t) => e + t, 0)),
				" of",
				" ",
				q(e.value),
				";",
				" ",
				/* @__PURE__ */ X("strong", { children: [
					t.remainder.count,
					" other paths, constants and unopened heads (net) ",
					q(t.remainder.value)
				] }),
				" ",
				"(",
				zn(Math.abs(t.remainder.value / e.value)),
				" of the logit)."
			]
		}),
		/* @__PURE__ */ X(cr, {
			label: "paths",
			head: ["path", "logits"],
			rows: () => [...t.paths.map((e) => [ii(e, n), q(e.value)]), ["all others (net)", q(t.remainder.value)]]
		})
	] });
}
function ui(e, t, n) {
	let r = /* @__PURE__ */ new Map(), i = /* @__PURE__ */ new Map(), a = new Set(e.filter(di).map(ni)), o = e.map((e) => {
		let t = ni(e), n = `${t} ${e.height}`, o = i.get(n) ?? (di(e) || !a.has(t) ? 0 : 1);
		return i.set(n, o + 1), r.set(t, Math.max(r.get(t) ?? 0, o + 1)), o;
	}), s = /* @__PURE__ */ new Map(), c = t.some((e) => e.ofSource) ? oi : ai, l = c / 2;
	for (let e of t.map(ni)) s.set(e, l), l += c * (r.get(e) ?? 1);
	return new Map(e.map((e, t) => [e.id, {
		x: (s.get(ni(e)) ?? 0) + (o[t] ?? 0) * c,
		y: n.indexOf(e.height) * si + 18
	}]));
}
function di(e) {
	return e.carries || e.id === "output";
}
function fi(e, t, n) {
	let r = t.filter((e) => ni(e) === ni(n));
	return Math.min(...r.map((t) => e.get(t.id)?.x ?? 0));
}
function pi({ edge: e, places: t, largest: n }) {
	let [r, i] = [t.get(e.from), t.get(e.to)];
	if (!r || !i) return null;
	let a = (r.y + i.y) / 2;
	return /* @__PURE__ */ X("path", {
		class: e.value < 0 ? "edge negative" : "edge positive",
		d: `M${r.x},${r.y - 9} C${r.x},${a} ${i.x},${a} ${i.x},${i.y + 9}`,
		"stroke-width": 1 + 6 * (n > 0 ? Math.abs(e.value) / n : 0),
		children: /* @__PURE__ */ X("title", { children: q(e.value) })
	});
}
function mi({ node: e, place: t, label: n }) {
	let r = z(), { part: i } = e, a = Math.max(n.length * 6.6 + 10, 30), o = /* @__PURE__ */ X(S, { children: [/* @__PURE__ */ X("rect", {
		x: t.x - a / 2,
		y: t.y - 9,
		width: a,
		height: 18,
		rx: e.carries ? 9 : 2
	}), /* @__PURE__ */ X("text", {
		x: t.x,
		y: t.y + 4,
		children: n
	})] });
	if (!i) return /* @__PURE__ */ X("g", {
		class: "spot",
		children: o
	});
	let s = U(i, r.state.value.selection);
	return /* @__PURE__ */ X("g", {
		class: `spot choosable${U(i, r.hovered.value) ? " hovered" : ""}`,
		role: "button",
		tabIndex: 0,
		"aria-pressed": s,
		"aria-label": n,
		onClick: () => r.select(s ? null : i),
		onKeyDown: (e) => {
			(e.key === "Enter" || e.key === " ") && (r.select(s ? null : i), e.preventDefault());
		},
		onMouseEnter: () => r.hovered.value = i,
		onMouseLeave: () => r.hovered.value = null,
		children: o
	});
}
// src/panels/Generation.tsx
var hi = 12;
function gi() {
	let e = z(), t = R(null), { a: n, source: r } = e.state.value, i = {
		ask: "generate",
		...Sn({
			prompt: n,
			source: r
		}),
		tokens: hi
	}, a = B(t.value && _i(t.value, i, e.desk.peek(t.value)) ? t.value : null);
	return !e.explained.value || e.data.host === "report" ? null : /* @__PURE__ */ X(Z, {
		name: "generation",
		title: "Generation",
		note: "What the model writes next, taking the top token each time.",
		children: [
			/* @__PURE__ */ X("button", {
				type: "button",
				onClick: () => t.value = i,
				children: [
					"Continue by ",
					hi,
					" tokens"
				]
			}),
			/* @__PURE__ */ X(Q, { answer: a }),
			a?.result ? /* @__PURE__ */ X(vi, { result: a.result }) : null
		]
	});
}
function _i(e, t, n) {
	return [e.prompt, n?.whole].includes(t.prompt) && e.source === t.source;
}
function vi({ result: e }) {
	let t = z(), { whole: n } = e, { position: r, target: i } = t.state.value;
	return /* @__PURE__ */ X(S, { children: [n === null ? /* @__PURE__ */ X("p", {
		class: "note",
		children: "No text has exactly these tokens, so they cannot be explained one by one."
	}) : null, /* @__PURE__ */ X("ol", {
		class: "strip",
		children: e.generated.map((e) => /* @__PURE__ */ X("li", { children: /* @__PURE__ */ X("button", {
			type: "button",
			class: "token",
			title: "Why this token?",
			"aria-pressed": r === e.position - 1 && i === _n(e),
			disabled: n === null,
			onClick: () => t.set({
				a: n ?? "",
				position: e.position - 1,
				target: _n(e)
			}),
			children: [/* @__PURE__ */ X($, { text: e.text }), /* @__PURE__ */ X("span", {
				class: "index",
				children: J(e.probability)
			})]
		}) }, e.position))
	})] });
}
// src/protocol/transports.ts
function yi(e) {
	return (t, n) => {
		let r = new AbortController();
		return bi("/ask", t, e, r.signal).then(async (e) => {
			if (!e.ok || !e.body) throw Error(await xi(e));
			await Si(e.body, n);
		}).catch((e) => {
			r.signal.aborted || n.error(e instanceof Error ? e.message : String(e));
		}), () => r.abort();
	};
}
function bi(e, t, n, r) {
	let i = { "content-type": "application/json" };
	return n !== null && (i.authorization = `Bearer ${n}`), fetch(e, {
		method: "POST",
		headers: i,
		body: JSON.stringify(t),
		...r ? { signal: r } : {}
	});
}
async function xi(e) {
	let t = await e.text();
	try {
		let { message: e } = JSON.parse(t);
		if (e) return e;
	} catch {}
	return t || `The server answered ${e.status}.`;
}
async function Si(e, t) {
	let n = e.pipeThrough(new TextDecoderStream()).getReader(), r = "";
	for (;;) {
		let { done: e, value: i } = await n.read();
		if (e) break;
		r += i.replaceAll("\r\n", "\n");
		let a = r.split("\n\n");
		r = a.pop() ?? "";
		for (let e of a) Ci(e, t);
	}
	r.trim() && Ci(r, t), t.error("The server closed the connection before it had answered.");
}
function Ci(e, t) {
	let n = e.split("\n"), r = (e) => n.filter((t) => t.startsWith(`${e}:`)).map((t) => t.slice(e.length + 1).replace(/^ /, "")), i = r("data").join("\n");
	i && wi(r("event")[0] ?? "message", JSON.parse(i), t);
}
function wi(e, t, n) {
	if (e === "progress") {
		let { stage: e, fraction: r } = t;
		n.progress(e, r);
	} else e === "error" ? n.error(t.message) : e === "result" && n.result(t);
}
var Ti = /* @__PURE__ */ new Set([
	"top",
	"test",
	"target"
]);
function Ei(e) {
	let t = (e) => Ct(Object.fromEntries(Object.entries(e).filter(([e]) => !Ti.has(e)))), n = new Map(Object.entries(e).map(([e, n]) => [t(JSON.parse(e)), n]));
	return (e, r) => {
		let i = n.get(t(e));
		return i ? r.result(i) : r.error("Not kept in this report. Open the prompt with `unembed open` to ask for it."), () => {};
	};
}
function Di(e) {
	let t = 0;
	return (n, r) => {
		t += 1;
		let i = t, a = (t) => {
			t.id === i && (wi(t.event, t.data, r), t.event !== "progress" && e.off("msg:custom", a));
		};
		return e.on("msg:custom", a), e.send({
			id: i,
			ask: n
		}), () => {
			e.off("msg:custom", a), e.send({
				id: i,
				cancel: !0
			});
		};
	};
}
// src/panels/Header.tsx
var Oi = {
	prompt: "Prompt",
	source: "Source"
};
function ki() {
	let e = z(), t = e.state.value, n = e.explained.value?.model ?? e.data.model, r = e.data.host !== "report", i = e.beside();
	return /* @__PURE__ */ X("header", {
		class: "panel panel-header",
		children: [/* @__PURE__ */ X("div", {
			class: "title",
			children: [
				/* @__PURE__ */ X("h1", { children: "unembed" }),
				n ? /* @__PURE__ */ X("p", {
					class: "note",
					children: [
						n.name,
						" · ",
						n.layers,
						" layers × ",
						n.heads,
						" heads · ",
						n.device,
						" · ",
						n.dtype
					]
				}) : null,
				/* @__PURE__ */ X(ji, {}),
				e.data.host === "page" ? /* @__PURE__ */ X(Mi, {}) : null,
				/* @__PURE__ */ X("button", {
					type: "button",
					onClick: () => e.helpOpen.value = !0,
					children: ["Keys ", /* @__PURE__ */ X("kbd", { children: "?" })]
				})
			]
		}), /* @__PURE__ */ X("form", {
			class: "fields",
			onSubmit: (e) => {
				e.preventDefault();
			},
			children: [
				e.reads() === "text" ? /* @__PURE__ */ X(Ai, {
					name: "source",
					label: "Source",
					wide: !0,
					live: r
				}) : null,
				i === "source" ? null : /* @__PURE__ */ X(Ai, {
					name: "a",
					label: "Prompt",
					wide: !0,
					live: r
				}),
				t.b === null ? null : /* @__PURE__ */ X(Ai, {
					name: "b",
					label: `${Oi[i]} B`,
					wide: !0,
					live: r
				}),
				i === "source" ? /* @__PURE__ */ X(Ai, {
					name: "a",
					label: "Decoder's prompt",
					wide: !0,
					live: r
				}) : null,
				/* @__PURE__ */ X(Ai, {
					name: "target",
					label: "Target",
					placeholder: "top prediction",
					live: r
				}),
				/* @__PURE__ */ X(Ai, {
					name: "vs",
					label: "Versus",
					placeholder: "none",
					live: r
				}),
				/* @__PURE__ */ X("label", { children: ["Reference", /* @__PURE__ */ X("select", {
					value: t.vs === null ? t.reference : "vs",
					disabled: !r || t.vs !== null,
					onChange: (t) => e.set({ reference: t.currentTarget.value }),
					children: [
						/* @__PURE__ */ X("option", {
							value: "mean",
							children: "above vocabulary mean"
						}),
						/* @__PURE__ */ X("option", {
							value: "raw",
							children: "raw logit"
						}),
						t.vs === null ? null : /* @__PURE__ */ X("option", {
							value: "vs",
							children: "minus the versus token"
						})
					]
				})] }),
				/* @__PURE__ */ X("button", {
					type: "button",
					"aria-pressed": t.b !== null,
					disabled: !r || e.reads() === "audio",
					onClick: () => e.set({ b: t.b === null ? i === "source" ? t.source : t.a : null }),
					children: "A | B"
				})
			]
		})]
	});
}
function Ai(e) {
	let t = z(), n = String(t.state.value[e.name] ?? ""), r = R(n);
	ke(() => {
		r.value = n;
	}, [n]);
	let i = () => {
		if (r.value === n) return;
		let i = (e.name === "target" || e.name === "vs") && r.value === "" ? null : r.value, a = e.name === "a" || e.name === "source";
		t.set({
			[e.name]: i,
			...a ? {
				position: null,
				target: null
			} : {}
		});
	}, a = {
		value: r.value,
		placeholder: e.placeholder ?? "",
		readOnly: !e.live,
		spellcheck: !1,
		autocomplete: "off",
		onBlur: i
	};
	return e.wide ? /* @__PURE__ */ X("label", {
		class: "wide",
		children: [e.label, /* @__PURE__ */ X("textarea", {
			...a,
			rows: Math.min(4, Math.ceil(Math.max(r.value.length, 1) / 100)),
			dir: "auto",
			onInput: (e) => r.value = e.currentTarget.value,
			onKeyDown: (e) => {
				e.key !== "Enter" || e.shiftKey || (e.preventDefault(), i());
			}
		})]
	}) : /* @__PURE__ */ X("label", { children: [e.label, /* @__PURE__ */ X("input", {
		...a,
		type: "text",
		onInput: (e) => r.value = e.currentTarget.value,
		onKeyDown: (e) => e.key === "Enter" && i()
	})] });
}
function ji() {
	let e = z(), t = N(null), n = R(!1);
	return /* @__PURE__ */ X("label", {
		class: "find",
		children: [/* @__PURE__ */ X("span", { children: ["Find ", /* @__PURE__ */ X("kbd", { children: "/" })] }), /* @__PURE__ */ X("input", {
			ref: t,
			type: "search",
			"data-find": !0,
			placeholder: "L23.H4",
			"aria-invalid": n.value,
			onKeyDown: (r) => {
				if (r.key !== "Enter" || !t.current) return;
				let i = Lt(t.current.value), a = e.explained.value?.model, o = i?.encoder ? e.reads() === null : i && a && i.layer >= a.layers;
				n.value = i === null || !!o, i && !n.value && e.select(i), e.said.value = n.value ? "No such part: write L23, L23.H4, L24.N1005 or L24 mlp." : "";
			}
		})]
	});
}
function Mi() {
	let e = z(), t = R(null), n = async () => {
		t.value = null;
		let n = await bi("/report", {
			state: e.state.value,
			results: e.desk.shown()
		}, e.data.token);
		if (!n.ok) {
			t.value = await xi(n);
			return;
		}
		let r = URL.createObjectURL(await n.blob()), i = document.createElement("a");
		i.href = r, i.download = "unembed-report.html", i.click(), URL.revokeObjectURL(r);
	};
	return /* @__PURE__ */ X(S, { children: [/* @__PURE__ */ X("button", {
		type: "button",
		onClick: () => n().catch((e) => t.value = String(e)),
		disabled: !e.explained.value,
		children: "Export"
	}), t.value ? /* @__PURE__ */ X("p", {
		class: "error",
		role: "alert",
		children: t.value
	}) : null] });
}
// src/panels/Help.tsx
var Ni = [
	["↑ ↓", "in the ledger: from row to row; in a grid: over the cells"],
	["→ ←", "in the ledger: open and close a row; in the tokens: from token to token"],
	["Enter", "choose what has the focus"],
	["t", "test the selected part: zero, then mean, then none"],
	["p", "pin the test of the selected part"],
	["/", "find a part by name"],
	["Escape", "select nothing; close this"],
	["?", "show the keys"]
];
function Pi() {
	let e = z(), t = N(null), n = e.helpOpen.value;
	return ke(() => {
		n && !t.current?.open && t.current?.showModal(), n || t.current?.close();
	}, [n]), /* @__PURE__ */ X("dialog", {
		ref: t,
		"aria-labelledby": "unembed-keys",
		onClose: () => e.helpOpen.value = !1,
		children: [
			/* @__PURE__ */ X("h2", {
				id: "unembed-keys",
				children: "Keys"
			}),
			/* @__PURE__ */ X("table", { children: /* @__PURE__ */ X("tbody", { children: Ni.map(([e, t]) => /* @__PURE__ */ X("tr", { children: [/* @__PURE__ */ X("th", {
				scope: "row",
				children: /* @__PURE__ */ X("kbd", { children: e })
			}), /* @__PURE__ */ X("td", { children: t })] }, e)) }) }),
			/* @__PURE__ */ X("button", {
				type: "button",
				onClick: () => e.helpOpen.value = !1,
				children: "Close"
			})
		]
	});
}
// src/ui/Tested.tsx
function Fi(e) {
	let t = z(), n = t.followed(), r = e.tests.some((e) => e.how === "swap"), { b: i } = t.state.value, a = r && i === null, o = B(n && !a ? {
		ask: "test",
		...n,
		target: e.target ?? n.target,
		tests: e.tests,
		...r ? { [`${t.beside()}_b`]: i } : {}
	} : null);
	return a ? /* @__PURE__ */ X("p", {
		class: "error",
		children: "A swap takes its value from B: open it with A | B."
	}) : /* @__PURE__ */ X(S, { children: [/* @__PURE__ */ X(Q, { answer: o }), o?.result ? /* @__PURE__ */ X(Ii, {
		result: o.result,
		note: e.note
	}) : null] });
}
function Ii({ result: e, note: t }) {
	let { target_before: n, target_after: r, effect: i, control: a } = e, [o, s] = Bn(n.probability, r.probability);
	return /* @__PURE__ */ X("div", {
		class: "before-after",
		"aria-live": "polite",
		children: [
			/* @__PURE__ */ X("p", {
				class: "big",
				children: [
					/* @__PURE__ */ X($, { text: n.text }),
					" ",
					o,
					" → ",
					s
				]
			}),
			/* @__PURE__ */ X(zi, {
				before: n.probability,
				after: r.probability,
				limit: a?.limit ?? null
			}),
			/* @__PURE__ */ X("p", {
				class: "note",
				children: [
					"With ",
					t,
					": ",
					q(e.nats),
					" nats. ",
					Li(e),
					" ",
					i ? /* @__PURE__ */ X("strong", { children: Gn(i) }) : null
				]
			}),
			/* @__PURE__ */ X("p", {
				class: "note",
				children: ["Then: ", /* @__PURE__ */ X(Ri, { tokens: e.after.slice(0, 3) })]
			})
		]
	});
}
function Li({ tests: e, effect: t, control: n }) {
	if (!t || !n) return "No control for this kind of test.";
	let r = e.length > 1 ? "sets of as many random neurons of these layers" : "others of its kind", i = `Control: ${t.rank} of ${t.among} by size, beside ${n.count} ${r}`;
	return n.limit === null ? `${i}, too few for a verdict.` : `${i}.`;
}
function Ri(e) {
	return /* @__PURE__ */ X(S, { children: e.tokens.map((e, t) => /* @__PURE__ */ X("span", {
		class: "chip",
		children: [
			/* @__PURE__ */ X($, { text: e.text }),
			" ",
			/* @__PURE__ */ X("span", {
				class: "small",
				children: J(e.probability)
			})
		]
	}, t)) });
}
function zi(e) {
	let t = (e) => 4 + e * 192, [n, r] = [-1, 1].map((n) => t(Bi(e.before, n * (e.limit ?? 0))));
	return /* @__PURE__ */ X("svg", {
		class: "scale",
		viewBox: "0 0 200 26",
		"aria-hidden": "true",
		children: [
			/* @__PURE__ */ X("line", {
				x1: 4,
				x2: 196,
				y1: 14,
				y2: 14,
				class: "axis"
			}),
			e.limit === null ? null : /* @__PURE__ */ X("rect", {
				x: n,
				y: 7,
				width: Math.max(r - n, 1),
				height: 14,
				class: "band"
			}),
			/* @__PURE__ */ X("line", {
				x1: t(e.before),
				x2: t(e.after),
				y1: 14,
				y2: 14,
				class: "move"
			}),
			/* @__PURE__ */ X("circle", {
				cx: t(e.before),
				cy: 14,
				r: 4,
				class: "before"
			}),
			/* @__PURE__ */ X("circle", {
				cx: t(e.after),
				cy: 14,
				r: 4,
				class: "after"
			})
		]
	});
}
function Bi(e, t) {
	let n = e * Math.exp(t);
	return n / (1 - e + n);
}
// src/panels/Inspector.tsx
var Vi = {
	zero: "its output set to zero",
	double: "its output doubled",
	mean: "its output set to its mean",
	swap: "its output taken from B"
};
function Hi() {
	let e = z(), { selection: t } = e.state.value, n = e.followed(), { answer: r, result: i, stale: a } = V(n && t ? {
		ask: "inspect",
		...n,
		part: t
	} : null);
	return e.explained.value ? t ? /* @__PURE__ */ X(Z, {
		name: "inspector",
		title: `Inspector: ${W(t)}`,
		children: [
			/* @__PURE__ */ X(Q, { answer: r }),
			i && U(i.part, t) ? /* @__PURE__ */ X("dl", {
				class: a ? "stale" : "",
				children: [
					t.encoder ? /* @__PURE__ */ X(Ui, {
						name: "inside the encoder",
						children: /* @__PURE__ */ X("span", {
							class: "small",
							children: "at every position of the source; credit is what it carries on through cross-attention, patterns frozen"
						})
					}) : null,
					i.value === null ? null : /* @__PURE__ */ X(Ui, {
						name: "credit",
						children: [q(i.value), " logits"]
					}),
					i.activation === null ? null : /* @__PURE__ */ X(Ui, {
						name: "activation",
						children: q(i.activation, 2)
					}),
					i.looks_at.length === 0 ? null : /* @__PURE__ */ X(Ui, {
						name: "looks at",
						children: i.looks_at.map((e) => /* @__PURE__ */ X(Ir, { at: e }, e.position))
					}),
					/* @__PURE__ */ X(Ji, {
						name: "writes toward",
						tokens: i.promotes
					}),
					/* @__PURE__ */ X(Ji, {
						name: "writes away from",
						tokens: i.suppresses
					}),
					/* @__PURE__ */ X(Gi, { part: t })
				]
			}) : null,
			/* @__PURE__ */ X(Yi, {})
		]
	}) : /* @__PURE__ */ X(Z, {
		name: "inspector",
		title: "Inspector",
		note: "Select a sublayer, head or neuron anywhere to see what it does.",
		children: null
	}) : null;
}
function Ui(e) {
	return /* @__PURE__ */ X("div", { children: [/* @__PURE__ */ X("dt", { children: e.name }), /* @__PURE__ */ X("dd", { children: e.children })] });
}
var Wi = {
	"pre-activation": "reads",
	gate: "reads: gate",
	up: "reads: up",
	query: "reads: query",
	key: "reads: key"
};
function Gi({ part: e }) {
	let t = z(), n = t.followed(), { answer: r, result: i, stale: a } = V(n && Nt(e) !== e.kind && t.reads() === null ? {
		ask: "reads",
		...Sn({
			prompt: n.prompt,
			position: n.position
		}),
		part: e
	} : null);
	return r?.error ? /* @__PURE__ */ X(Ui, {
		name: "reads",
		children: /* @__PURE__ */ X(Q, { answer: r })
	}) : !i || a || !U(i.part, e) ? null : /* @__PURE__ */ X(S, { children: i.reads.map((e) => /* @__PURE__ */ X(Ki, { reading: e }, e.what)) });
}
function Ki({ reading: e }) {
	let { what: t, value: n, terms: r, others: i, source: a } = e;
	return /* @__PURE__ */ X(Ui, {
		name: Wi[t],
		children: [
			/* @__PURE__ */ X("span", {
				class: "small",
				children: [
					a ? "score" : t,
					" ",
					q(n),
					a ? /* @__PURE__ */ X(S, { children: [
						" ",
						"toward ",
						/* @__PURE__ */ X($, { text: a.text })
					] }) : null,
					" ",
					"=",
					" "
				]
			}),
			r.map((e) => /* @__PURE__ */ X(qi, { term: e }, Bt(e.part))),
			i.count > 0 ? /* @__PURE__ */ X("span", {
				class: "chip",
				children: [
					i.count,
					" others (net) ",
					/* @__PURE__ */ X("span", {
						class: "small",
						children: q(i.value)
					})
				]
			}) : null
		]
	});
}
function qi({ term: e }) {
	let t = Vt(e.part);
	return /* @__PURE__ */ X("span", {
		class: "chip",
		children: [
			t ? /* @__PURE__ */ X(or, { part: t }) : Bt(e.part),
			" ",
			/* @__PURE__ */ X("span", {
				class: "small",
				children: q(e.value)
			})
		]
	});
}
function Ji(e) {
	return e.tokens.length === 0 ? null : /* @__PURE__ */ X(Ui, {
		name: e.name,
		children: /* @__PURE__ */ X(Fr, { tokens: e.tokens })
	});
}
function Yi() {
	let e = z(), { selection: t, test: n, b: r } = e.state.value;
	return t ? /* @__PURE__ */ X("fieldset", {
		class: "test",
		children: [
			/* @__PURE__ */ X("legend", { children: ["Test ", /* @__PURE__ */ X("kbd", { children: "t" })] }),
			/* @__PURE__ */ X("p", {
				class: "controls",
				children: [fn.map((t) => /* @__PURE__ */ X("button", {
					type: "button",
					"aria-pressed": n === t,
					disabled: t === "swap" && r === null,
					title: t === "swap" && r === null ? "Open B first" : Vi[t],
					onClick: () => e.set({ test: n === t ? null : t }),
					children: t
				}, t)), /* @__PURE__ */ X("button", {
					type: "button",
					onClick: () => e.pin(),
					children: ["Pin ", /* @__PURE__ */ X("kbd", { children: "p" })]
				})]
			}),
			n ? /* @__PURE__ */ X(Fi, {
				tests: [{
					part: t,
					how: n
				}],
				note: Vi[n]
			}) : null
		]
	}) : null;
}
// src/panels/FactChoice.tsx
function Xi({ list: e, explained: t }) {
	let n = z(), r = Jt(e, n.state.value.a, t.target.text);
	return r.length === 0 ? null : /* @__PURE__ */ X("p", { children: [
		"Perhaps you mean",
		" ",
		r.slice(0, 3).map((e) => /* @__PURE__ */ X("button", {
			type: "button",
			onClick: () => n.set({
				a: e.prompt,
				position: null,
				target: null,
				knowledge: qt
			}),
			children: [
				e.relation,
				" of ",
				e.subject,
				": ",
				e.answer
			]
		}, `${e.relation} ${e.subject}`))
	] });
}
function Zi({ list: e, open: t }) {
	let n = z(), r = R(0), i = R(0), a = e.relations[r.value]?.facts ?? [], o = a[i.value];
	return /* @__PURE__ */ X("details", {
		open: t,
		children: [/* @__PURE__ */ X("summary", { children: "Choose a known fact" }), /* @__PURE__ */ X("p", {
			class: "controls",
			children: [
				/* @__PURE__ */ X("label", { children: [
					"Relation",
					" ",
					/* @__PURE__ */ X("select", {
						value: r.value,
						onChange: (e) => {
							r.value = Number(e.currentTarget.value), i.value = 0;
						},
						children: e.relations.map((e, t) => /* @__PURE__ */ X("option", {
							value: t,
							children: [e.name, e.description ? ` (${e.description})` : ""]
						}, e.name))
					})
				] }),
				/* @__PURE__ */ X("label", { children: [
					"Fact",
					" ",
					/* @__PURE__ */ X("select", {
						value: i.value,
						onChange: (e) => i.value = Number(e.currentTarget.value),
						children: a.map((e, t) => /* @__PURE__ */ X("option", {
							value: t,
							children: [
								e.subject,
								": ",
								e.answer
							]
						}, e.subject))
					})
				] }),
				/* @__PURE__ */ X("button", {
					type: "button",
					disabled: !o,
					onClick: () => o && n.set({
						a: o.prompt,
						position: null,
						target: null
					}),
					children: "Take its prompt"
				})
			]
		})]
	});
}
function Qi() {
	let e = z(), t = R(""), n = R(""), r = Qt(t.value);
	return /* @__PURE__ */ X("details", { children: [
		/* @__PURE__ */ X("summary", { children: "Or write prompts of your own" }),
		/* @__PURE__ */ X("label", {
			class: "stacked",
			children: ["More prompts that end right before the same answer, one a line", /* @__PURE__ */ X("textarea", {
				rows: 3,
				value: t.value,
				dir: "auto",
				onInput: (e) => t.value = e.currentTarget.value
			})]
		}),
		/* @__PURE__ */ X("p", {
			class: "controls",
			children: [/* @__PURE__ */ X("label", { children: [
				"Subject",
				" ",
				/* @__PURE__ */ X("input", {
					type: "text",
					value: n.value,
					placeholder: "for an update by ROME",
					onInput: (e) => n.value = e.currentTarget.value
				})
			] }), /* @__PURE__ */ X("button", {
				type: "button",
				disabled: r.length === 0,
				onClick: () => e.set({ knowledge: {
					...qt,
					prompts: r,
					subject: n.value.trim()
				} }),
				children: "Find the neurons of this fact"
			})]
		})
	] });
}
// src/panels/FactEdit.tsx
var $i = {
	update: "update to another answer",
	erase: "erase the relation",
	suppress: "suppress these neurons",
	amplify: "amplify these neurons"
}, ea = {
	rome: "ROME (a layer)",
	value: "value rows of these neurons"
};
function ta({ found: e, list: t }) {
	let n = z(), { knowledge: r } = n.state.value, i = n.followed(), a = r?.edit ?? null, o = $t(e), s = a?.action === "erase" ? o.shared : o[en(o, r?.set ?? null)], c = B(a && r && i ? sn(r, a, i, s) : null);
	if (!r || n.data.host === "report" && !a) return null;
	let [l] = e.facts, u = l?.target.map((e) => e.text).join("") ?? "", d = {
		relation: e.relation,
		subject: r.prompts ? r.subject : l?.subject ?? "",
		answer: l?.answer ?? "",
		target: u,
		prompts: l?.prompts ?? []
	};
	return /* @__PURE__ */ X("fieldset", {
		class: "edit",
		children: [
			/* @__PURE__ */ X("legend", { children: "Edit the weights" }),
			n.data.host === "report" ? null : /* @__PURE__ */ X(na, {
				own: r.prompts !== null,
				counts: {
					own: s.length,
					shared: o.shared.length
				}
			}),
			/* @__PURE__ */ X(Q, { answer: c }),
			c?.result && a ? /* @__PURE__ */ X(S, { children: [/* @__PURE__ */ X(ra, {
				result: c.result,
				answer: d.answer
			}), /* @__PURE__ */ X(aa, {
				edit: a,
				fact: d,
				shipped: t.shipped && r.prompts === null,
				neurons: s.map((e) => W(H(e)))
			})] }) : null
		]
	});
}
function na({ own: e, counts: t }) {
	let n = z(), r = n.state.value.knowledge?.edit ?? null, i = R(r?.action ?? "update"), a = R(r?.to ?? ""), o = R(r?.method ?? "rome"), s = i.value === "update", c = i.value === "erase" ? t.shared : s && o.value === "rome" ? 1 : t.own, l = c > 0 && (!s || a.value.trim() !== "");
	return /* @__PURE__ */ X("form", {
		class: "controls",
		onSubmit: (e) => {
			e.preventDefault(), l && n.setKnowledge({ edit: {
				action: i.value,
				to: a.value.trim(),
				method: o.value
			} });
		},
		children: [
			/* @__PURE__ */ X("label", { children: [
				"Do",
				" ",
				/* @__PURE__ */ X("select", {
					value: i.value,
					onChange: (e) => i.value = e.currentTarget.value,
					children: Wt.filter((t) => !e || t !== "erase").map((e) => /* @__PURE__ */ X("option", {
						value: e,
						children: $i[e]
					}, e))
				})
			] }),
			s ? /* @__PURE__ */ X(S, { children: [/* @__PURE__ */ X("label", { children: [
				"New answer",
				" ",
				/* @__PURE__ */ X("input", {
					type: "text",
					value: a.value,
					onInput: (e) => a.value = e.currentTarget.value
				})
			] }), /* @__PURE__ */ X("label", { children: [
				"By",
				" ",
				/* @__PURE__ */ X("select", {
					value: o.value,
					onChange: (e) => o.value = e.currentTarget.value,
					children: Gt.map((e) => /* @__PURE__ */ X("option", {
						value: e,
						children: ea[e]
					}, e))
				})
			] })] }) : null,
			/* @__PURE__ */ X("button", {
				type: "submit",
				disabled: !l,
				children: "Edit and see"
			}),
			r ? /* @__PURE__ */ X("button", {
				type: "button",
				onClick: () => n.setKnowledge({ edit: null }),
				children: "Close"
			}) : null,
			c > 0 ? null : /* @__PURE__ */ X("span", {
				class: "note",
				children: "There are no such neurons: take a lower threshold."
			})
		]
	});
}
function ra({ result: e, answer: t }) {
	let { effects: n, control: r } = e, i = [
		[
			e.subject === null ? "the relation's facts" : `${t}, on the fact's prompts`,
			n.own,
			r?.own
		],
		[
			`${e.to}, on prompts of the edit`,
			n.new,
			r?.new
		],
		[
			`${e.to}, on unseen prompts`,
			n.unseen,
			r?.unseen
		],
		[
			"other facts of the relation",
			n.related,
			r?.related
		],
		[
			"facts of other relations",
			n.unrelated,
			r?.unrelated
		]
	];
	return /* @__PURE__ */ X("div", {
		"aria-live": "polite",
		children: [
			/* @__PURE__ */ X(sr, {
				label: "What the edited model says, a prompt a row",
				children: /* @__PURE__ */ X("table", { children: [
					/* @__PURE__ */ X("caption", { children: "What the model says first" }),
					/* @__PURE__ */ X("thead", { children: /* @__PURE__ */ X("tr", { children: [
						/* @__PURE__ */ X("th", {
							scope: "col",
							children: "prompt"
						}),
						/* @__PURE__ */ X("th", {
							scope: "col",
							children: "before"
						}),
						/* @__PURE__ */ X("th", {
							scope: "col",
							children: "edited"
						})
					] }) }),
					/* @__PURE__ */ X("tbody", { children: e.prompts.map((e) => /* @__PURE__ */ X("tr", { children: [
						/* @__PURE__ */ X("td", { children: [e.prompt, e.used ? /* @__PURE__ */ X("span", {
							class: "small",
							children: " (edit made with it)"
						}) : null] }),
						/* @__PURE__ */ X("td", { children: /* @__PURE__ */ X(ia, { said: e.before }) }),
						/* @__PURE__ */ X("td", { children: /* @__PURE__ */ X(ia, { said: e.after }) })
					] }, e.prompt)) })
				] })
			}),
			/* @__PURE__ */ X(sr, {
				label: "What the edit changes, by group of prompts",
				children: /* @__PURE__ */ X("table", { children: [
					/* @__PURE__ */ X("caption", { children: "The right (or new) answer, mean probability" }),
					/* @__PURE__ */ X("thead", { children: /* @__PURE__ */ X("tr", { children: [
						/* @__PURE__ */ X("th", {
							scope: "col",
							children: "answer"
						}),
						/* @__PURE__ */ X("th", {
							scope: "col",
							class: "number",
							children: "before"
						}),
						/* @__PURE__ */ X("th", {
							scope: "col",
							class: "number",
							children: "edited"
						}),
						/* @__PURE__ */ X("th", {
							scope: "col",
							class: "number",
							children: "first on"
						}),
						/* @__PURE__ */ X("th", {
							scope: "col",
							class: "number",
							children: "control"
						})
					] }) }),
					/* @__PURE__ */ X("tbody", { children: i.map(([e, t, n]) => t ? /* @__PURE__ */ X("tr", { children: [
						/* @__PURE__ */ X("th", {
							scope: "row",
							children: e
						}),
						/* @__PURE__ */ X("td", {
							class: "number",
							children: J(t.before)
						}),
						/* @__PURE__ */ X("td", {
							class: "number",
							children: J(t.after)
						}),
						/* @__PURE__ */ X("td", {
							class: "number",
							children: [
								t.top_before,
								" → ",
								t.top_after,
								" of ",
								t.prompts
							]
						}),
						/* @__PURE__ */ X("td", {
							class: "number",
							children: n ? J(n.after) : "—"
						})
					] }, e) : null) })
				] })
			}),
			/* @__PURE__ */ X("p", {
				class: "note",
				children: [
					"Perplexity of some text: ",
					K(e.perplexity ?? 0),
					" before, ",
					K(n.perplexity ?? 0),
					" edited. Control: the same edit",
					" ",
					e.neurons.length > 0 ? "of as many random neurons of the same layers" : "at a random key",
					". Some facts are asked, not all; the command asks more. The edit is undone: the page goes on with the model as it was."
				]
			}),
			e.notes.map((e) => /* @__PURE__ */ X("p", {
				class: "note",
				children: ["Note: ", e]
			}, e))
		]
	});
}
function ia({ said: e }) {
	return /* @__PURE__ */ X("span", {
		class: "chip",
		children: [
			/* @__PURE__ */ X($, { text: e.text }),
			" ",
			/* @__PURE__ */ X("span", {
				class: "small",
				children: J(e.probability)
			})
		]
	});
}
function aa(e) {
	let t = z().explained.value?.model.name ?? "", n = !e.shipped && e.edit.action !== "erase";
	return /* @__PURE__ */ X("details", { children: [
		/* @__PURE__ */ X("summary", { children: "Keep this edit in a file" }),
		n ? /* @__PURE__ */ X(S, { children: [/* @__PURE__ */ X("p", {
			class: "note",
			children: "Write this line to fact.jsonl:"
		}), /* @__PURE__ */ X(oa, {
			label: "The fact as a line of JSON",
			text: nn(e.fact)
		})] }) : null,
		/* @__PURE__ */ X("p", {
			class: "note",
			children: "Then run this, and open it again with unembed open --edits edit.safetensors:"
		}),
		/* @__PURE__ */ X(oa, {
			label: "The command",
			text: rn(e.edit, e.fact, e.shipped, e.neurons, t)
		})
	] });
}
function oa({ label: e, text: t }) {
	return /* @__PURE__ */ X(sr, {
		label: e,
		children: /* @__PURE__ */ X("pre", { children: /* @__PURE__ */ X("code", { children: t }) })
	});
}
// src/panels/Fact.tsx
var sa = [
	.2,
	.1,
	.05
], ca = 12, la = {
	refined: "the fact's own",
	kept: "all that the fact keeps",
	shared: "the relation's"
};
function ua({ explained: e }) {
	let t = z(), { knowledge: n } = t.state.value, r = t.followed(), i = t.data.host === "report" && n === null, a = B(r && !i ? {
		ask: "facts",
		prompt: r.prompt
	} : null);
	return i ? /* @__PURE__ */ X("p", {
		class: "note",
		children: [
			"The neurons of a fact, and edits of it, were not kept in this report. Open the prompt with",
			" ",
			/* @__PURE__ */ X("code", { children: "unembed open" }),
			" to find and edit them."
		]
	}) : /* @__PURE__ */ X("section", {
		class: "fact",
		children: [
			/* @__PURE__ */ X("h3", { children: "The fact, and its neurons" }),
			/* @__PURE__ */ X(Q, { answer: a }),
			a?.result ? /* @__PURE__ */ X(da, {
				list: a.result,
				explained: e
			}) : null,
			n && r && a?.result ? /* @__PURE__ */ X(pa, { list: a.result }) : null
		]
	});
}
function da({ list: e, explained: t }) {
	let n = z(), { knowledge: r } = n.state.value, { stated: i } = e, a = n.data.host === "report";
	if (r?.prompts) return /* @__PURE__ */ X("p", { children: [
		"Your fact: ",
		r.prompts.length + 1,
		" prompts, answered with ",
		/* @__PURE__ */ X($, { text: t.target.text }),
		".",
		" ",
		/* @__PURE__ */ X(fa, {})
	] });
	let o = e.relations.reduce((e, t) => e + t.facts.length, 0);
	return /* @__PURE__ */ X(S, { children: [
		i ? /* @__PURE__ */ X("p", { children: [
			"This prompt states a known fact: ",
			i.relation,
			" of ",
			/* @__PURE__ */ X("strong", { children: i.subject }),
			" is",
			" ",
			/* @__PURE__ */ X("strong", { children: i.answer }),
			" (",
			i.prompts.length,
			" prompts ask for it).",
			" ",
			r ? /* @__PURE__ */ X(fa, {}) : /* @__PURE__ */ X("button", {
				type: "button",
				disabled: a,
				onClick: () => n.set({ knowledge: qt }),
				children: "Find its neurons"
			})
		] }) : /* @__PURE__ */ X("p", {
			class: "note",
			children: [
				"This prompt is none of the prompts of the ",
				o,
				" known facts. A fact is found by several prompts that ask for it: choose a known fact, or write more prompts of yours."
			]
		}),
		i || a ? null : /* @__PURE__ */ X(Xi, {
			list: e,
			explained: t
		}),
		a || r && i ? null : /* @__PURE__ */ X(S, { children: [/* @__PURE__ */ X(Zi, {
			list: e,
			open: !i
		}), i ? null : /* @__PURE__ */ X(Qi, {})] })
	] });
}
function fa() {
	let e = z();
	return e.data.host === "report" ? null : /* @__PURE__ */ X("button", {
		type: "button",
		onClick: () => e.set({ knowledge: null }),
		children: "Close"
	});
}
function pa({ list: e }) {
	let t = z(), { knowledge: n } = t.state.value, r = t.followed(), i = n && r && (n.prompts || e.stated) ? on(n, r) : null, { answer: a, result: o, stale: s } = V(i), c = t.data.host === "report";
	return !n || !i ? null : /* @__PURE__ */ X(S, { children: [
		/* @__PURE__ */ X("p", {
			class: "controls",
			children: /* @__PURE__ */ X("label", { children: [
				"Count neurons above",
				" ",
				/* @__PURE__ */ X("select", {
					value: n.t,
					disabled: c,
					onChange: (e) => t.setKnowledge({
						t: Number(e.currentTarget.value),
						set: null
					}),
					children: [.../* @__PURE__ */ new Set([...sa, n.t])].map((e) => /* @__PURE__ */ X("option", {
						value: e,
						children: [
							e,
							" of the largest",
							e === .2 ? " (the paper's)" : ""
						]
					}, e))
				})
			] })
		}),
		/* @__PURE__ */ X(Q, { answer: a }),
		a && !a.result && !a.error ? /* @__PURE__ */ X("p", {
			class: "note",
			children: "Each prompt of each compared fact is attributed; Close stops it."
		}) : null,
		o ? /* @__PURE__ */ X("div", {
			class: s ? "stale" : "",
			children: [/* @__PURE__ */ X(ma, { found: o }), /* @__PURE__ */ X(ta, {
				found: o,
				list: e
			})]
		}) : null
	] });
}
function ma({ found: e }) {
	let t = z(), { knowledge: n } = t.state.value, [r] = e.facts;
	if (!n || !r) return null;
	let i = $t(e), a = en(i, n.set), o = e.facts.length - 1;
	return /* @__PURE__ */ X(S, { children: [
		/* @__PURE__ */ X("p", {
			class: "note",
			children: [
				o === 0 ? "No other fact is compared, so these may be neurons of the form of the question." : `Compared with ${o} other ${o === 1 ? "fact" : "facts"} of ${e.relation}.`,
				" ",
				"The model gives ",
				/* @__PURE__ */ X($, { text: r.answer }),
				" first on ",
				r.top.filter(Boolean).length,
				" of",
				" ",
				r.prompts.length,
				" prompts."
			]
		}),
		e.notes.map((e) => /* @__PURE__ */ X("p", {
			class: "note",
			children: ["Note: ", e]
		}, e)),
		/* @__PURE__ */ X("fieldset", { children: [/* @__PURE__ */ X("legend", { children: "Which neurons" }), Kt.map((e) => /* @__PURE__ */ X("div", {
			class: "choice",
			children: [
				/* @__PURE__ */ X("label", { children: [
					/* @__PURE__ */ X("input", {
						type: "radio",
						name: "neuron-set",
						checked: a === e,
						disabled: i[e].length === 0 || t.data.host === "report",
						onChange: () => t.setKnowledge({ set: e })
					}),
					" ",
					la[e],
					": ",
					i[e].length
				] }),
				" ",
				/* @__PURE__ */ X(ha, { neurons: i[e] })
			]
		}, e))] }),
		i[a].length === 0 ? /* @__PURE__ */ X("p", {
			class: "note",
			children: "No neuron is above the threshold in enough prompts. Take a lower one."
		}) : /* @__PURE__ */ X(ga, {
			neurons: i[a],
			target: r.target[0]?.id,
			whole: r.target.length === 1
		}),
		/* @__PURE__ */ X(cr, {
			label: "prompts of the fact",
			head: [
				"prompt",
				"probability of the answer",
				"top prediction"
			],
			rows: () => r.prompts.map((e, t) => [
				e,
				J(r.probabilities[t] ?? 0),
				r.top[t] ? "yes" : "no"
			])
		})
	] });
}
function ha({ neurons: e }) {
	return /* @__PURE__ */ X("span", {
		class: "neurons",
		children: [e.slice(0, ca).map((e) => {
			let t = H(e);
			return /* @__PURE__ */ X(or, { part: t }, W(t));
		}), e.length > ca ? /* @__PURE__ */ X("span", {
			class: "small",
			children: [
				"and ",
				e.length - ca,
				" more"
			]
		}) : null]
	});
}
function ga(e) {
	let t = z(), n = t.state.value.knowledge?.test ?? null, r = (e) => e === "zero" ? "Suppress (× 0)" : "Amplify (× 2)";
	return /* @__PURE__ */ X("fieldset", {
		class: "test",
		children: [
			/* @__PURE__ */ X("legend", { children: "At this prompt" }),
			/* @__PURE__ */ X("p", {
				class: "controls",
				children: ["zero", "double"].map((e) => /* @__PURE__ */ X("button", {
					type: "button",
					"aria-pressed": n === e,
					disabled: t.data.host === "report",
					onClick: () => t.setKnowledge({ test: n === e ? null : e }),
					children: r(e)
				}, e))
			}),
			n && e.target !== void 0 ? /* @__PURE__ */ X(Fi, {
				tests: e.neurons.map((e) => ({
					part: H(e),
					how: n
				})),
				target: e.target,
				note: `the activations of these ${e.neurons.length} neurons ${n === "zero" ? "set to 0" : "doubled"} where the answer is predicted`
			}) : null,
			n && !e.whole ? /* @__PURE__ */ X("p", {
				class: "note",
				children: "The answer has several tokens; the probability is of the first."
			}) : null
		]
	});
}
// src/panels/Knowledge.tsx
var _a = 12, va = 100, ya = 12;
function ba() {
	let e = z(), t = e.explained.value, { ref: n, seen: r } = Kr(), i = e.followed(), { prompt: a, source: o, target: s } = i ?? {}, c = t !== null && t.position === t.asks, l = e.reads() === null, { answer: u, result: d, stale: f } = V(r && c && i ? {
		ask: "attribute",
		...Sn({
			prompt: a,
			source: o,
			target: s
		}),
		top: va
	} : null);
	return /* @__PURE__ */ X("div", {
		ref: n,
		class: e.state.value.knowledge ? "knowledge-place" : "",
		children: t ? /* @__PURE__ */ X(Z, {
			name: "knowledge",
			title: "Knowledge",
			note: `How much of the probability of ${Y(t.target.text)} each layer's neurons are worth: attribution from no activation to the one they have.`,
			children: [c ? null : /* @__PURE__ */ X("p", {
				class: "note",
				children: [
					"Knowledge is attributed ",
					t.model.bidirectional ? "at the blank" : "at the last token",
					"; choose it to see this panel."
				]
			}), /* @__PURE__ */ X("div", {
				class: "side-by-side wide",
				children: [/* @__PURE__ */ X("div", { children: [/* @__PURE__ */ X(Q, { answer: u }), d ? /* @__PURE__ */ X(xa, {
					result: d,
					stale: f
				}) : null] }), r && c && l ? /* @__PURE__ */ X(ua, { explained: t }) : null]
			})]
		}) : null
	});
}
function xa({ result: e, stale: t }) {
	let n = Yt(e), r = Math.max(1e-9, ...e.layers.map((e) => Math.abs(e.sum ?? 0))), i = Math.max(0, ...e.attributions.map((e) => Math.abs(e.value)));
	return /* @__PURE__ */ X("div", {
		class: t ? "stale" : "",
		children: [
			n.map((t) => /* @__PURE__ */ X("div", { children: [
				n.length > 1 ? /* @__PURE__ */ X("p", {
					class: "note",
					children: Sa(t, e)
				}) : null,
				/* @__PURE__ */ X(Ca, {
					stack: t,
					largest: r
				}),
				/* @__PURE__ */ X(wa, {
					stack: t,
					largest: i
				})
			] }, String(t.encoder))),
			/* @__PURE__ */ X(Ta, { neurons: e.attributions.slice(0, _a) }),
			/* @__PURE__ */ X(cr, {
				label: "attribution by layer",
				head: [
					"layer",
					"sum of its neurons",
					"change of the probability",
					"error",
					"strongest neurons"
				],
				rows: () => n.flatMap((e) => {
					let t = Zt(e.neurons, e.layers.length);
					return e.layers.map((n, r) => [
						G(`L${n.layer}`, e.encoder),
						n.sum === null ? "" : q(n.sum, 4),
						q(n.change, 4),
						n.error === null ? "" : K(n.error, 4),
						(t[r] ?? []).map((e) => `${Xt(e)} ${q(e.value, 3)}`).join(", ")
					]);
				})
			})
		]
	});
}
function Sa({ encoder: e }, { sources: t = [], source_positions: n = [] }) {
	return e ? n.length === t.length ? "The encoder (enc.), at every position of the source:" : `The encoder (enc.), at the blank of the source (${n.map((e) => `${e} ${Y(t[e]?.label ?? "")}`).join(", ")}):` : "The decoder, where the answer is predicted:";
}
function Ca({ stack: e, largest: t }) {
	let n = e.layers.map((e) => ({
		layer: e.layer,
		sum: e.sum ?? 0
	})), r = 300 / Math.max(n.length, 1);
	return /* @__PURE__ */ X("svg", {
		class: "layers",
		viewBox: "0 0 300 96",
		role: "img",
		"aria-label": `Attribution by layer${e.encoder ? " of the encoder" : ""}; the table below has the numbers`,
		children: [/* @__PURE__ */ X("line", {
			x1: 0,
			x2: 300,
			y1: 42,
			y2: 42,
			class: "axis"
		}), n.map((i, a) => {
			let o = Math.abs(i.sum) / t * 40;
			return /* @__PURE__ */ X("g", { children: [
				/* @__PURE__ */ X("rect", {
					class: i.sum < 0 ? "negative" : "positive",
					x: a * r + 1,
					y: i.sum < 0 ? 42 : 42 - o,
					width: Math.max(r - 2, 1),
					height: o
				}),
				a % Math.ceil(n.length / 15) === 0 ? /* @__PURE__ */ X("text", {
					x: (a + .5) * r,
					y: 93,
					children: i.layer
				}) : null,
				/* @__PURE__ */ X("title", { children: `${G(`L${i.layer}`, e.encoder)}: ${q(i.sum, 3)}` })
			] }, i.layer);
		})]
	});
}
function wa({ stack: e, largest: t }) {
	let n = z(), r = Zt(e.neurons, e.layers.length), i = Math.min(ya, Math.max(0, ...r.map((e) => e.length))), a = (e, t) => r[e]?.[t], o = n.state.value.selection;
	return e.neurons.length === 0 ? /* @__PURE__ */ X("p", {
		class: "note",
		children: "None of the strongest neurons is in it."
	}) : /* @__PURE__ */ X(S, { children: [/* @__PURE__ */ X("p", {
		class: "note",
		children: [
			"The ",
			e.neurons.length,
			" strongest neurons by layer, at most ",
			ya,
			" a layer; a cell selects its neuron."
		]
	}), /* @__PURE__ */ X($n, {
		label: `Attribution of the strongest neurons${e.encoder ? " of the encoder" : ""}, layers across`,
		columns: r.length,
		rows: i,
		height: 10,
		colour: (e, n) => {
			let r = a(e, n);
			return r ? An(r.value, t) : null;
		},
		tell: (e, t) => {
			let n = a(e, t);
			return n ? `${Xt(n)}: ${q(n.value, 3)}` : "";
		},
		marked: (e, t) => {
			let n = a(e, t);
			return n !== void 0 && U(H(n), o);
		},
		rowName: (e) => String(e + 1),
		columnName: (t) => G(`L${t}`, e.encoder),
		onChoose: (e, t) => {
			let r = a(e, t);
			r && n.select(H(r));
		}
	})] });
}
function Ta({ neurons: e }) {
	let t = Math.max(0, ...e.map((e) => Math.abs(e.value)));
	return /* @__PURE__ */ X("table", { children: [/* @__PURE__ */ X("thead", { children: /* @__PURE__ */ X("tr", { children: [
		/* @__PURE__ */ X("th", {
			scope: "col",
			children: "neuron"
		}),
		/* @__PURE__ */ X("th", {
			scope: "col",
			class: "number",
			children: "attribution"
		}),
		/* @__PURE__ */ X("th", {
			scope: "col",
			class: "wide-only",
			children: /* @__PURE__ */ X("span", {
				class: "hidden",
				children: "bar"
			})
		}),
		/* @__PURE__ */ X("th", {
			scope: "col",
			class: "number",
			children: "activation"
		})
	] }) }), /* @__PURE__ */ X("tbody", { children: e.map((e) => /* @__PURE__ */ X("tr", { children: [
		/* @__PURE__ */ X("th", {
			scope: "row",
			children: /* @__PURE__ */ X(or, { part: H(e) })
		}),
		/* @__PURE__ */ X("td", {
			class: "number",
			children: /* @__PURE__ */ X(Pr, {
				value: e.value,
				digits: 3
			})
		}),
		/* @__PURE__ */ X("td", {
			class: "wide-only",
			children: /* @__PURE__ */ X(Nr, {
				value: e.value,
				largest: t
			})
		}),
		/* @__PURE__ */ X("td", {
			class: "number",
			children: q(e.activation)
		})
	] }, Xt(e))) })] });
}
// src/hooks/useTested.ts
function Ea() {
	return B(Da(z().followed()))?.result ?? null;
}
function Da(e) {
	return e ? {
		ask: "explain",
		...e,
		test: !0,
		top: 10
	} : null;
}
function Oa(e, t) {
	return (t.head === void 0 ? t.kind === "neuron" ? e.neurons.find((e) => e.layer === t.layer && e.neuron === t.neuron && (e.expert ?? void 0) === t.expert) : e.sublayers.find((e) => e.kind === t.kind && e.layer === t.layer) : e.heads.find((e) => e.cross === Pt(t) && e.layer === t.layer && e.head === t.head))?.zeroed ?? null;
}
// src/ui/Outcome.tsx
function ka({ part: e, brief: t }) {
	let n = Ea(), r = n && Oa(n, e);
	if (!n || !r) return null;
	let [i, a] = Bn(n.target.probability, r.probability), o = r.difference ?? r.effect;
	return t ? /* @__PURE__ */ X("span", {
		class: "outcome",
		title: `${i} → ${a}, ${q(o.nats)} nats, ${Gn(o)}`,
		children: [
			"→ ",
			a,
			" ",
			Gn(o)[0]
		]
	}) : /* @__PURE__ */ X("span", {
		class: "outcome",
		children: [
			/* @__PURE__ */ X("span", { children: [
				i,
				" → ",
				a
			] }),
			" ",
			/* @__PURE__ */ X(Aa, { effect: o })
		]
	});
}
function Aa({ effect: e }) {
	return /* @__PURE__ */ X("span", {
		class: "verdict",
		title: `${e.rank} of ${e.among} by size`,
		children: [
			/* @__PURE__ */ X("span", { children: [q(e.nats), " nats"] }),
			" ",
			/* @__PURE__ */ X("span", { children: Gn(e).replace(" ", "\xA0") })
		]
	});
}
// src/panels/Ledger.tsx
var ja = 12, Ma = 10, Na = Infinity, Pa = me({
	is: () => !1,
	set: () => {}
});
function Fa() {
	let e = z(), t = e.explained.value, n = R("size"), r = R(ja), i = R({});
	if (!t) return null;
	let { ledger: a } = t, o = e.state.value.selection, s = Dr(a.terms, r.value, n.value, (e) => Ia(Vt(e), o)), c = Or(0, a.terms, s.others.value);
	return /* @__PURE__ */ X(Z, {
		name: "ledger",
		title: "Ledger",
		note: /* @__PURE__ */ X(La, { explained: t }),
		children: [/* @__PURE__ */ X("p", {
			class: "controls",
			children: [/* @__PURE__ */ X("label", { children: [
				"Sort",
				" ",
				/* @__PURE__ */ X("select", {
					value: n.value,
					onChange: (e) => n.value = e.currentTarget.value,
					children: [/* @__PURE__ */ X("option", {
						value: "size",
						children: "by size"
					}), /* @__PURE__ */ X("option", {
						value: "layer",
						children: "by layer"
					})]
				})
			] }), /* @__PURE__ */ X("button", {
				type: "button",
				onClick: () => r.value = r.value === ja ? Na : ja,
				children: r.value === ja ? `Show all ${a.terms.length}` : "Show the largest"
			})]
		}), /* @__PURE__ */ X(Pa.Provider, {
			value: {
				is: (e, t) => i.value[e] ?? Ia(t, o),
				set: (e, t) => {
					i.value = {
						...i.value,
						[e]: t
					};
				}
			},
			children: /* @__PURE__ */ X("table", {
				class: "ledger",
				role: "treegrid",
				"aria-label": "Ledger",
				onKeyDown: Ya,
				children: [
					/* @__PURE__ */ X("thead", { children: /* @__PURE__ */ X("tr", { children: [
						/* @__PURE__ */ X("th", {
							scope: "col",
							children: "part"
						}),
						/* @__PURE__ */ X("th", {
							scope: "col",
							class: "number",
							children: "logits"
						}),
						/* @__PURE__ */ X("th", {
							scope: "col",
							class: "wide-only",
							children: /* @__PURE__ */ X("span", {
								class: "hidden",
								children: "bar"
							})
						}),
						/* @__PURE__ */ X("th", {
							scope: "col",
							children: "zeroed here"
						})
					] }) }),
					/* @__PURE__ */ X("tbody", { children: [s.shown.map((e, t) => /* @__PURE__ */ X(Ba, {
						term: e,
						level: 1,
						largest: c,
						first: t === 0
					}, jr(e))), /* @__PURE__ */ X(qa, {
						count: s.others.count,
						value: s.others.value,
						level: 1,
						largest: c
					})] }),
					/* @__PURE__ */ X(za, { explained: t })
				]
			})
		})]
	});
}
function Ia(e, t) {
	return !e || !t || e.layer !== t.layer ? !1 : U(e, t) ? !0 : !t.encoder && e.head === void 0 && e.neuron === void 0 && Nt(t) === e.kind;
}
function La({ explained: e }) {
	let { target: t, reference: n } = e;
	return /* @__PURE__ */ X(S, { children: [
		"Why ",
		Y(t.text),
		": ",
		Ra(n),
		"; raw logit ",
		K(t.logit),
		n.kind === "raw" ? "" : `, reference ${K(n.value)}`,
		". Norm scales and attention patterns as they were."
	] });
}
function Ra(e) {
	return e.kind === "raw" ? "its raw logit" : e.kind === "mean" ? "its logit above the vocabulary mean" : `its logit minus that of ${Y(e.text ?? "")}`;
}
function za({ explained: e }) {
	let { sum: t, error: n, holds: r } = Ar(e.ledger);
	return /* @__PURE__ */ X("tfoot", { children: /* @__PURE__ */ X("tr", {
		class: r ? "total" : "total error",
		children: [
			/* @__PURE__ */ X("th", {
				scope: "row",
				children: "total"
			}),
			/* @__PURE__ */ X("td", {
				class: "number",
				"data-total": t,
				children: q(t)
			}),
			/* @__PURE__ */ X("td", {
				colSpan: 2,
				children: [
					r ? "= model ✓" : `≠ model ${q(e.ledger.value)}`,
					" (|Δ| ",
					Ln(n),
					", tolerance",
					" ",
					Ln(e.ledger.tolerance),
					")"
				]
			})
		]
	}) });
}
function Ba(e) {
	let t = z(), n = Me(Pa), { term: r, level: i } = e, a = Vt(r), o = jr(r), s = a !== null && a.kind === Nt(a) || (e.sources?.length ?? 0) > 0, c = s && n.is(o, a);
	return /* @__PURE__ */ X(S, { children: [
		/* @__PURE__ */ X(Ka, {
			name: Bt(r),
			value: r.value,
			level: i,
			largest: e.largest,
			part: a,
			open: s ? c : null,
			first: e.first ?? !1,
			onToggle: (e) => n.set(o, e),
			onSelect: () => {
				a && t.select(U(a, t.state.value.selection) ? null : a);
			}
		}),
		c && i === 1 ? /* @__PURE__ */ X(Va, {
			term: r,
			largest: e.largest
		}) : null,
		c && i === 2 ? /* @__PURE__ */ X(Wa, {
			terms: e.sources ?? [],
			parent: r.value,
			largest: e.largest
		}) : null
	] });
}
function Va({ term: e, largest: t }) {
	let n = z().followed(), r = {
		ask: "terms",
		...n,
		layer: e.layer,
		sublayer: e.kind,
		top: Ma
	}, i = B(n ? r : null);
	if (!i?.result) return /* @__PURE__ */ X("tr", {
		class: "waiting",
		children: /* @__PURE__ */ X("td", {
			colSpan: 4,
			class: i?.error ? "error" : "",
			children: i?.error ?? `${i?.stage ?? "waiting"} …`
		})
	});
	let { terms: a, others: o } = i.result, s = a.filter((e) => e.source === null && !Ha(e)), c = Dr(s, Na, "size"), l = Or(t, s, o.value);
	return /* @__PURE__ */ X(S, { children: [
		c.shown.map((e) => /* @__PURE__ */ X(Ba, {
			term: e,
			level: 2,
			largest: l,
			sources: a.filter((t) => Ua(t, e))
		}, jr(e))),
		/* @__PURE__ */ X(qa, {
			count: o.count,
			value: o.value,
			level: 2,
			largest: l
		}),
		/* @__PURE__ */ X(Ja, {
			level: 2,
			sum: c.sum + o.value,
			parent: e.value
		})
	] });
}
function Ha({ kind: e }) {
	return e === "head_rounding" || e === "cross_head_rounding";
}
function Ua(e, t) {
	return t.head !== null && e.head === t.head && (e.source !== null || Ha(e));
}
function Wa(e) {
	let t = z(), n = (e) => Ha(e) ? "rounding" : `from ${e.source} ${Y(Ga(t.explained.value, e))}`, { shown: r, others: i, sum: a } = Dr(e.terms, Ma, "size"), o = Or(e.largest, r, i.value);
	return /* @__PURE__ */ X(S, { children: [
		r.map((e) => /* @__PURE__ */ X(Ka, {
			name: n(e),
			value: e.value,
			level: 3,
			largest: o,
			part: null,
			open: null
		}, jr(e))),
		/* @__PURE__ */ X(qa, {
			count: i.count,
			value: i.value,
			level: 3,
			largest: o
		}),
		/* @__PURE__ */ X(Ja, {
			level: 3,
			sum: a,
			parent: e.parent
		})
	] });
}
function Ga(e, { kind: t, source: n }) {
	return e === null || n === null ? "" : t === "cross_attention" ? e.sources?.[n]?.label ?? "" : e.tokens[n]?.text ?? "";
}
function Ka(e) {
	let t = z(), { part: n, open: r, level: i } = e, a = n !== null && U(n, t.state.value.selection);
	return /* @__PURE__ */ X("tr", {
		class: `level-${i}${n !== null && U(n, t.hovered.value) ? " hovered" : ""}${n ? " choosable" : ""}`,
		"aria-level": i,
		"aria-selected": a,
		...r === null ? {} : { "aria-expanded": r },
		tabIndex: e.first || a ? 0 : -1,
		onClick: () => (e.onSelect ?? (() => {}))(),
		onMouseEnter: () => t.hovered.value = n,
		onMouseLeave: () => t.hovered.value = null,
		onKeyDown: (t) => {
			let n = t.key === "ArrowRight" || t.key !== "ArrowLeft" && null;
			n !== null && r !== null && r !== n ? (e.onToggle?.(n), t.stopPropagation(), t.preventDefault()) : (t.key === "Enter" || t.key === " ") && (e.onSelect?.(), t.preventDefault());
		},
		children: [
			/* @__PURE__ */ X("td", {
				class: "name",
				children: [r === null ? /* @__PURE__ */ X("span", { class: "twisty" }) : /* @__PURE__ */ X("span", {
					class: "twisty",
					"aria-hidden": "true",
					onClick: (t) => {
						t.stopPropagation(), e.onToggle?.(!r);
					},
					children: r ? "▾" : "▸"
				}), /* @__PURE__ */ X("bdi", { children: e.name })]
			}),
			/* @__PURE__ */ X("td", {
				class: "number",
				"data-value": e.value,
				children: /* @__PURE__ */ X(Pr, { value: e.value })
			}),
			/* @__PURE__ */ X("td", {
				class: "wide-only",
				children: /* @__PURE__ */ X(Nr, {
					value: e.value,
					largest: e.largest
				})
			}),
			/* @__PURE__ */ X("td", { children: n ? /* @__PURE__ */ X(ka, {
				part: n,
				brief: !0
			}) : null })
		]
	});
}
function qa(e) {
	return e.count === 0 ? null : /* @__PURE__ */ X("tr", {
		class: `others level-${e.level}`,
		"aria-level": e.level,
		children: [
			/* @__PURE__ */ X("td", {
				class: "name",
				children: [
					/* @__PURE__ */ X("span", { class: "twisty" }),
					e.count,
					" others (net)"
				]
			}),
			/* @__PURE__ */ X("td", {
				class: "number",
				"data-value": e.value,
				children: /* @__PURE__ */ X(Pr, { value: e.value })
			}),
			/* @__PURE__ */ X("td", {
				class: "wide-only",
				children: /* @__PURE__ */ X(Nr, {
					value: e.value,
					largest: e.largest
				})
			}),
			/* @__PURE__ */ X("td", {})
		]
	});
}
function Ja(e) {
	let t = Math.abs(e.sum - e.parent) < .005;
	return /* @__PURE__ */ X("tr", {
		class: `sum level-${e.level}`,
		"aria-level": e.level,
		children: [
			/* @__PURE__ */ X("td", {
				class: "name",
				children: [/* @__PURE__ */ X("span", { class: "twisty" }), "sum"]
			}),
			/* @__PURE__ */ X("td", {
				class: "number",
				children: q(e.sum)
			}),
			/* @__PURE__ */ X("td", {
				colSpan: 2,
				class: t ? "" : "error",
				children: t ? "= the row above ✓" : `≠ the row above ${q(e.parent)}`
			})
		]
	});
}
function Ya(e) {
	let t = e.key === "ArrowDown" ? 1 : e.key === "ArrowUp" ? -1 : 0;
	if (t === 0) return;
	let n = [...e.currentTarget.querySelectorAll("tr[tabindex]")];
	n[n.indexOf(document.activeElement) + t]?.focus(), e.preventDefault();
}
// src/panels/Lens.tsx
var Xa = {
	rank: "rank of the target",
	probability: "probability of the target",
	top: "probability of the top token"
};
function Za() {
	let e = z(), t = R("rank"), n = e.explained.value, r = n?.tokens.length ?? 0, i = Cn(n?.position ?? 0, r), a = e.followed(), o = r > 128 ? [i.value, Math.min(i.value + 128, r)] : null, { answer: s, result: c, stale: l } = V(a ? {
		ask: "lens",
		prompt: a.prompt,
		...Sn({ source: a.source }),
		target: a.target,
		top: 5,
		...o ? { window: o } : {}
	} : null);
	if (!n) return null;
	let u = c ? eo(c.cells, i.value) : null, d = n.model.vocab, f = (e) => t.value === "rank" ? 1 - Math.log(e.rank) / Math.log(d) : t.value === "probability" ? e.probability : e.top_probability[0] ?? 0;
	return /* @__PURE__ */ X(Z, {
		name: "lens",
		title: "Logit lens",
		note: `What the stream would predict after each layer, for ${Y(n.target.text)}. Bright: ${t.value === "rank" ? "a good rank (1 is best), dark: a bad one" : "a high probability"}. A cell chooses its position.`,
		children: [
			/* @__PURE__ */ X("p", {
				class: "controls",
				children: /* @__PURE__ */ X("label", { children: [
					"Colour",
					" ",
					/* @__PURE__ */ X("select", {
						value: t.value,
						onChange: (e) => t.value = e.currentTarget.value,
						children: Object.entries(Xa).map(([e, t]) => /* @__PURE__ */ X("option", {
							value: e,
							children: t
						}, e))
					})
				] })
			}),
			/* @__PURE__ */ X(ur, {
				start: i,
				length: r,
				what: "tokens"
			}),
			/* @__PURE__ */ X(Q, { answer: s }),
			u && u.positions.length > 0 ? /* @__PURE__ */ X("div", {
				class: l ? "stale" : "",
				children: [/* @__PURE__ */ X($n, {
					label: `Logit lens, ${Xa[t.value]} by layer and token`,
					columns: u.positions.length,
					rows: u.layers.length,
					colour: (e, t) => {
						let n = u.at(e, t);
						return n ? jn(f(n)) : null;
					},
					tell: (e, t) => $a(u.at(e, t), u.positions[e] ?? 0),
					rowName: (e) => Qa(u.layers[e] ?? null),
					columnName: (e) => Y(c?.tokens[u.positions[e] ?? -1]?.text ?? ""),
					marked: (e, t) => t === 0 && u.positions[e] === n.position,
					onChoose: (t) => e.set({
						position: u.positions[t] ?? null,
						target: null
					})
				}), /* @__PURE__ */ X(cr, {
					label: "logit lens",
					head: [
						"layer",
						"position",
						"top token",
						"its probability",
						"target's rank",
						"target's probability"
					],
					rows: () => u.cells.map((e) => [
						Qa(e.layer),
						`${e.position}`,
						/* @__PURE__ */ X("bdi", { children: Y(e.top[0]?.text ?? "") }, "top"),
						J(e.top_probability[0] ?? 0),
						`${e.rank}`,
						J(e.probability)
					])
				})]
			}) : null
		]
	});
}
function Qa(e) {
	return e === null ? "emb" : `L${e}`;
}
function $a(e, t) {
	if (!e) return "";
	let n = e.top.slice(0, 3).map((t, n) => `${Y(t.text)} ${J(e.top_probability[n] ?? 0)}`);
	return `${Qa(e.layer)}, position ${t}: target's rank ${e.rank}; ${n.join(", ")}`;
}
function eo(e, t) {
	let n = e.filter((e) => e.position >= t && e.position < t + 128), r = [...new Set(n.map((e) => e.layer))].sort((e, t) => (t ?? -1) - (e ?? -1)), i = [...new Set(n.map((e) => e.position))].sort((e, t) => e - t), a = new Map(n.map((e) => [`${e.layer} ${e.position}`, e]));
	return {
		cells: n,
		layers: r,
		positions: i,
		at: (e, t) => a.get(`${r[t] ?? null} ${i[e]}`)
	};
}
// src/panels/Pins.tsx
function to() {
	let e = z(), { pins: t, b: n } = e.state.value;
	return e.explained.value ? /* @__PURE__ */ X(Z, {
		name: "pins",
		title: "Pins",
		note: t.length === 0 ? "Pin tests of parts (p) to see what they do together." : "All pins together, in one run:",
		children: t.length === 0 ? null : /* @__PURE__ */ X(S, { children: [/* @__PURE__ */ X("ul", {
			class: "pins",
			children: t.map((r, i) => /* @__PURE__ */ X("li", { children: [
				/* @__PURE__ */ X(or, { part: r.part }),
				/* @__PURE__ */ X("select", {
					"aria-label": `How ${W(r.part)} is tested`,
					value: r.how,
					onChange: (n) => {
						let r = n.currentTarget.value;
						e.set({ pins: t.map((e, t) => t === i ? {
							...e,
							how: r
						} : e) });
					},
					children: fn.map((e) => /* @__PURE__ */ X("option", {
						value: e,
						disabled: e === "swap" && n === null,
						children: e
					}, e))
				}),
				/* @__PURE__ */ X("button", {
					type: "button",
					"aria-label": `Remove the pin of ${W(r.part)}`,
					onClick: () => e.set({ pins: t.filter((e, t) => t !== i) }),
					children: "×"
				})
			] }, Mt(r.part)))
		}), /* @__PURE__ */ X(Fi, {
			tests: t,
			note: t.length === 1 ? "this pin" : `these ${t.length} pins`
		})] })
	}) : null;
}
// src/panels/Prediction.tsx
function no() {
	let e = z().explained.value, t = Tr();
	if (!e) return null;
	let { target: n, position: r, tokens: i, model: a } = e;
	return /* @__PURE__ */ X(Z, {
		name: "prediction",
		title: "Prediction",
		note: /* @__PURE__ */ X(S, { children: [
			a.bidirectional ? "At" : "After",
			" ",
			r,
			" ",
			Y(i[r]?.text ?? ""),
			":",
			" ",
			Y(n.text),
			" has ",
			J(n.probability),
			", rank ",
			n.rank,
			". Choose a token to explain it."
		] }),
		children: [e.notes.map((e) => /* @__PURE__ */ X("p", {
			class: "note",
			children: e
		}, e)), /* @__PURE__ */ X("div", {
			class: "side-by-side",
			children: [/* @__PURE__ */ X(ro, {
				explained: e,
				caption: t ? "A" : "Top tokens"
			}), t?.result ? /* @__PURE__ */ X(ro, {
				explained: t.result,
				caption: "B"
			}) : null]
		})]
	});
}
function ro({ explained: e, caption: t }) {
	let n = z();
	return /* @__PURE__ */ X("table", {
		class: "predictions",
		children: [
			/* @__PURE__ */ X("caption", { children: t }),
			/* @__PURE__ */ X("thead", { children: /* @__PURE__ */ X("tr", { children: [
				/* @__PURE__ */ X("th", {
					scope: "col",
					children: "token"
				}),
				/* @__PURE__ */ X("th", {
					scope: "col",
					class: "number",
					children: "probability"
				}),
				/* @__PURE__ */ X("th", {
					scope: "col",
					children: /* @__PURE__ */ X("span", {
						class: "hidden",
						children: "bar"
					})
				})
			] }) }),
			/* @__PURE__ */ X("tbody", { children: e.predictions.map((t) => /* @__PURE__ */ X("tr", { children: [
				/* @__PURE__ */ X("td", { children: /* @__PURE__ */ X("button", {
					type: "button",
					class: "part",
					"aria-pressed": t.id === e.target.id,
					disabled: n.data.host === "report",
					onClick: () => n.set({ target: _n(t) }),
					children: /* @__PURE__ */ X($, { text: t.text })
				}) }),
				/* @__PURE__ */ X("td", {
					class: "number",
					children: J(t.probability)
				}),
				/* @__PURE__ */ X("td", { children: /* @__PURE__ */ X("span", {
					class: "amount",
					"aria-hidden": "true",
					children: /* @__PURE__ */ X("span", { style: { width: `${t.probability * 100}%` } })
				}) })
			] }, t.id)) })
		]
	});
}
// src/panels/Sentence.tsx
function io() {
	let e = z(), t = e.explained.value, n = B(Da(e.followed()));
	if (!t) return null;
	let r = n?.result ?? null, i = n !== null && !r && !n.error;
	return /* @__PURE__ */ X("section", {
		class: "panel panel-sentence",
		"aria-label": "The answer",
		children: /* @__PURE__ */ X("p", {
			class: "sentence",
			children: r ? r.sentence.map((e, t) => /* @__PURE__ */ X(oo, { span: e }, t)) : /* @__PURE__ */ X(S, { children: [ao(t.sentence).map((e, t) => /* @__PURE__ */ X(oo, { span: e }, t)), i ? /* @__PURE__ */ X("span", {
				class: "waiting",
				children: " Now each word is taken away, and each head switched off …"
			}) : null] })
		})
	});
}
function ao(e) {
	let t = e.findIndex((e) => e.kind === null && e.text.trimEnd().endsWith("."));
	return t < 0 ? e : e.slice(0, t + 1);
}
function oo({ span: e }) {
	let t = e.kind === "part" ? Lt(e.text) : null;
	return t ? /* @__PURE__ */ X(or, { part: t }) : /* @__PURE__ */ X("span", {
		class: e.kind === null ? void 0 : `said-${e.kind}`,
		children: e.text
	});
}
// src/panels/Strongest.tsx
var so = 6;
function co() {
	let e = z(), t = e.explained.value, n = B(Da(e.followed())), r = Ea(), i = R(!1);
	if (!t) return null;
	let { heads: a, neurons: o } = r ?? t, s = i.value ? Infinity : so;
	return /* @__PURE__ */ X(Z, {
		name: "strongest",
		title: "Heads and neurons",
		note: r ? r.answer.text : "Credit is not cause: each is zeroed to see what changes.",
		children: [
			/* @__PURE__ */ X(Q, { answer: n }),
			/* @__PURE__ */ X(sr, {
				label: "The strongest, one a row",
				children: /* @__PURE__ */ X("table", { children: [/* @__PURE__ */ X("thead", { children: /* @__PURE__ */ X("tr", { children: [
					/* @__PURE__ */ X("th", {
						scope: "col",
						children: "part"
					}),
					/* @__PURE__ */ X("th", {
						scope: "col",
						class: "number",
						children: "credit"
					}),
					/* @__PURE__ */ X("th", {
						scope: "col",
						children: "looks at / activation"
					}),
					/* @__PURE__ */ X("th", {
						scope: "col",
						children: "zeroed here"
					}),
					/* @__PURE__ */ X("th", {
						scope: "col",
						children: "writes toward"
					})
				] }) }), /* @__PURE__ */ X("tbody", { children: [a.slice(0, s).map((e) => /* @__PURE__ */ X(lo, {
					part: jt(e),
					value: e.value,
					shownFor: r ? e.shown_for : [],
					reads: e.looks_at.slice(0, 2).map((e) => /* @__PURE__ */ X(Ir, { at: e }, e.position)),
					toward: e.writes_toward
				}, Mt(jt(e)))), o.slice(0, s).map((e) => /* @__PURE__ */ X(lo, {
					part: H(e),
					value: e.value,
					shownFor: r ? e.shown_for : [],
					reads: q(e.activation, 1),
					toward: e.promotes
				}, Mt(H(e))))] })] })
			}),
			Math.max(a.length, o.length) > so ? /* @__PURE__ */ X("button", {
				type: "button",
				"aria-pressed": i.value,
				onClick: () => i.value = !i.value,
				children: ["Show all ", a.length + o.length]
			}) : null,
			/* @__PURE__ */ X("p", {
				class: "note",
				children: uo(r)
			})
		]
	});
}
function lo(e) {
	return /* @__PURE__ */ X("tr", { children: [
		/* @__PURE__ */ X("th", {
			scope: "row",
			children: [
				/* @__PURE__ */ X(or, { part: e.part }),
				" ",
				/* @__PURE__ */ X("span", {
					class: "small shown-for",
					children: e.shownFor.join(", ")
				})
			]
		}),
		/* @__PURE__ */ X("td", {
			class: "number",
			children: /* @__PURE__ */ X(Pr, { value: e.value })
		}),
		/* @__PURE__ */ X("td", { children: e.reads }),
		/* @__PURE__ */ X("td", { children: /* @__PURE__ */ X(ka, { part: e.part }) }),
		/* @__PURE__ */ X("td", { children: /* @__PURE__ */ X(Fr, { tokens: e.toward.slice(0, 3) }) })
	] });
}
function uo(e) {
	let t = [["every head", e?.control?.heads], ["active or credited neurons", e?.control?.neurons]].flatMap(([e, t]) => t ? [`${e} (${t.count}): ${fo(t)}`] : []);
	return t.length > 0 ? `Zeroed one by one: ${t.join("; ")}.` : "";
}
function fo({ limit: e }) {
	return e === null ? "too few for a verdict by rank" : `one in twenty reaches ${K(e)} nats`;
}
// src/lib/find.ts
function po(e, t) {
	let n = t.toLowerCase();
	if (!n) return [];
	let r = [], i = "";
	for (let t of e) r.push(i.length), i += t.toLowerCase();
	let a = [], o = 0;
	for (let e = i.indexOf(n); e >= 0; e = i.indexOf(n, e + 1)) {
		for (; o + 1 < r.length && (r[o + 1] ?? 0) <= e;) o += 1;
		a.at(-1) !== o && a.push(o);
	}
	return a;
}
// src/ui/Find.tsx
function mo(e) {
	let t = R(""), n = R(-1), r = po(e.texts, t.value), i = (t) => {
		r.length !== 0 && (n.value = (n.value + t + r.length) % r.length, e.go(r[n.value] ?? null));
	}, a = (r) => {
		t.value = r, n.value = -1;
		let i = po(e.texts, r)[0];
		i !== void 0 && (n.value = 0), e.go(i ?? null);
	};
	return /* @__PURE__ */ X("label", { children: [
		"Find in the prompt",
		" ",
		/* @__PURE__ */ X("input", {
			type: "search",
			value: t.value,
			onInput: (e) => a(e.currentTarget.value),
			onKeyDown: (e) => {
				e.key === "Enter" && (i(e.shiftKey ? -1 : 1), e.preventDefault());
			}
		}),
		" ",
		/* @__PURE__ */ X("output", {
			class: "small",
			children: t.value ? r.length === 0 ? "is not there" : `${n.value + 1} of ${r.length}, token ${r[n.value] ?? ""}` : ""
		})
	] });
}
// src/panels/TokenStrip.tsx
function ho() {
	let e = z(), t = e.explained.value, n = Cn(t?.position ?? 0, t?.tokens.length ?? 0), r = R(null), i = je(() => (t?.tokens ?? []).map((e) => e.text), [t]), a = Co(), o = go();
	if (!t) return null;
	let { tokens: s, position: c } = t, l = a !== null && Ft(a.part), u = [...o.values()].map((e) => e.effect), d = Math.max(0, ...(a?.values ?? u).map(Math.abs)), f = s.slice(n.value, n.value + 128), p = f.some((e) => e.role);
	return /* @__PURE__ */ X(Z, {
		name: "strip",
		title: "Tokens",
		note: a ? /* @__PURE__ */ X(S, { children: [
			"Coloured by what each token gives the target through ",
			W(a.part),
			": orange + raises, purple − lowers; largest ",
			q(a.values.reduce((e, t) => Math.abs(t) > Math.abs(e) ? t : e, 0)),
			" logits."
		] }) : o.size > 0 ? `Under a word: what is left of ${Y(t.target.text)} without it. ○ Many heads rest on the first word, whatever it says.` : `Choose the position ${t.model.bidirectional ? "whose token" : "whose next token"} is explained. Select a head or an attention sublayer to colour its sources.`,
		children: [
			e.reads() === null ? null : /* @__PURE__ */ X(yo, {
				sources: t.sources ?? [],
				values: l ? a.values : [],
				largest: d
			}),
			/* @__PURE__ */ X(ur, {
				start: n,
				length: s.length,
				what: "tokens"
			}),
			s.length > 128 ? /* @__PURE__ */ X(mo, {
				texts: i,
				go: (e) => {
					r.value = e, e !== null && (n.value = wn(e, n.value, s.length));
				}
			}) : null,
			/* @__PURE__ */ X("ol", {
				class: "strip",
				start: n.value + 1,
				children: f.map((n, i) => {
					let s = n.role && (i === 0 || n.role !== f[i - 1]?.role), u = l || n.position > c && !t.model.bidirectional, m = a ? void 0 : o.get(n.position), h = u ? void 0 : a ? a.values[n.position] : m?.effect;
					return /* @__PURE__ */ X("li", { children: [/* @__PURE__ */ X("button", {
						type: "button",
						class: n.position === r.value ? "token found" : "token",
						"aria-pressed": n.position === c,
						style: bo(h, d),
						title: m && vo(m, t),
						onClick: () => e.set({
							position: n.position,
							target: null
						}),
						onKeyDown: (e) => So(e),
						children: [
							/* @__PURE__ */ X("span", {
								class: "index",
								children: n.position
							}),
							/* @__PURE__ */ X($, { text: n.text }),
							m ? /* @__PURE__ */ X("span", {
								class: "sign",
								children: m.positions[0] === n.position ? _o(m) : "\xA0"
							}) : /* @__PURE__ */ X(xo, {
								value: h,
								largest: d
							})
						]
					}), p ? /* @__PURE__ */ X("span", {
						class: "small role",
						children: s ? n.role : "\xA0"
					}) : null] }, n.position);
				})
			})
		]
	});
}
function go() {
	let e = z(), t = Ea()?.words;
	if (e.reads() !== null || t?.by !== "word") return /* @__PURE__ */ new Map();
	let n = t.units.filter((e) => e.mark !== "last");
	return new Map(n.flatMap((e) => e.positions.map((t) => [t, e])));
}
function _o(e) {
	let t = e.difference_without === null ? J(e.probability_without) : q(e.difference_without);
	return e.mark === "first" ? `${t} ○` : t;
}
function vo(e, t) {
	let { target: n } = t, [r, i] = Bn(n.probability, e.probability_without), { instead: a } = e, o = a.id === n.id ? "the same" : `${Y(a.text)} (${J(a.probability)})`;
	return `Without ${Y(e.text)}: ${Y(n.text)} ${r} → ${i} (${q(-e.effect)} ${e.difference_without === null ? "nats" : "logits"}); it says ${o}`;
}
function yo(e) {
	let t = Cn(0, e.sources.length), n = e.sources.slice(t.value, t.value + 128);
	return /* @__PURE__ */ X(S, { children: [
		/* @__PURE__ */ X("p", {
			class: "note",
			children: "What the encoder read; cross-attention takes from here:"
		}),
		/* @__PURE__ */ X(ur, {
			start: t,
			length: e.sources.length,
			what: "source positions"
		}),
		/* @__PURE__ */ X("ol", {
			class: "strip",
			"aria-label": "Source",
			start: t.value + 1,
			children: n.map((t) => /* @__PURE__ */ X("li", { children: /* @__PURE__ */ X("span", {
				class: "token source",
				style: bo(e.values[t.position], e.largest),
				children: [
					/* @__PURE__ */ X("span", {
						class: "index",
						children: t.position
					}),
					/* @__PURE__ */ X($, { text: t.label }),
					/* @__PURE__ */ X(xo, {
						value: e.values[t.position],
						largest: e.largest
					})
				]
			}) }, t.position))
		})
	] });
}
function bo(e, t) {
	if (e === void 0) return {};
	let n = An(e, t);
	return {
		background: n,
		color: Mn(n)
	};
}
function xo(e) {
	let { value: t } = e;
	return /* @__PURE__ */ X("span", {
		class: "sign",
		children: t !== void 0 && Math.abs(t) > e.largest / 20 ? q(t) : "\xA0"
	});
}
function So(e) {
	let t = e.key === "ArrowRight" ? 1 : e.key === "ArrowLeft" ? -1 : 0;
	if (t === 0) return;
	let n = e.currentTarget.parentElement;
	(t > 0 ? n?.nextElementSibling : n?.previousElementSibling)?.querySelector("button")?.focus(), e.preventDefault();
}
function Co() {
	let e = z(), { selection: t } = e.state.value, n = e.followed(), r = (e) => e && n && Nt(e) !== "mlp" ? {
		ask: "attention",
		...n,
		layer: e.layer,
		...It(e)
	} : null, i = B(r(t)), a = e.hovered.value, o = r(a), s = o && e.desk.peek(o);
	return a && s ? {
		part: a,
		values: wo(s, a)
	} : t && i?.result ? {
		part: t,
		values: wo(i.result, t)
	} : null;
}
function wo(e, t) {
	let n = e.heads.filter((e) => t.head === void 0 || e.head === t.head);
	return (Ft(t) ? e.sources ?? [] : e.tokens).map((e, t) => n.reduce((e, n) => e + (n.contribution[t] ?? 0), 0));
}
// src/App.tsx
function To({ page: e }) {
	let t = N(null);
	return ke(() => e.link(), [e]), ke(() => t.current ? Ot(e, t.current) : void 0, [e]), /* @__PURE__ */ X(Et.Provider, {
		value: e,
		children: /* @__PURE__ */ X("div", {
			class: "unembed",
			ref: t,
			children: [
				/* @__PURE__ */ X(ki, {}),
				/* @__PURE__ */ X(Eo, { page: e }),
				/* @__PURE__ */ X(Pi, {}),
				/* @__PURE__ */ X("p", {
					class: "hidden",
					role: "status",
					children: e.said.value
				})
			]
		})
	});
}
function Eo({ page: e }) {
	let t = e.asked(), n = e.state.value, r = B(t ? {
		ask: "explain",
		...xn(n),
		test: !1,
		top: 10
	} : null), i = r?.result ?? null;
	return ke(() => {
		i && e.take(i, n), (!t || r?.error) && e.take(null, n);
	}, [
		i,
		r?.error,
		t
	]), t ? /* @__PURE__ */ X(S, { children: [r && !i ? /* @__PURE__ */ X("div", {
		class: "panel",
		children: /* @__PURE__ */ X(Q, { answer: r })
	}) : null, /* @__PURE__ */ X("div", {
		class: `panels${i ? "" : " stale"}`,
		children: [
			/* @__PURE__ */ X(io, {}),
			/* @__PURE__ */ X(ho, {}),
			/* @__PURE__ */ X("div", {
				class: "column column-left",
				children: [/* @__PURE__ */ X(no, {}), /* @__PURE__ */ X(Za, {})]
			}),
			/* @__PURE__ */ X("div", {
				class: "column column-middle",
				children: [/* @__PURE__ */ X(Fa, {}), /* @__PURE__ */ X(co, {})]
			}),
			/* @__PURE__ */ X("div", {
				class: "column column-right",
				children: [
					/* @__PURE__ */ X(Hi, {}),
					/* @__PURE__ */ X(to, {}),
					/* @__PURE__ */ X(dr, {})
				]
			}),
			/* @__PURE__ */ X(Vr, {}),
			/* @__PURE__ */ X(ci, {}),
			/* @__PURE__ */ X(ba, {}),
			/* @__PURE__ */ X(gi, {})
		]
	})] }) : /* @__PURE__ */ X("p", {
		class: "panel note",
		children: [
			"Type a ",
			e.beside(),
			" and press Enter."
		]
	});
}
// src/styles.css?inline
var Do = ".unembed{--ground:#fbfbf9;--panel:#fff;--ink:#1b1b1a;--dim:#5a5a57;--line:#d4d4cf;--accent:#7a3e00;--chosen:#fde3c4;--hover:#f4f1ea;--positive:#b35806;--positive-ink:#8a4300;--negative-ink:#542788;--negative:#542788;--error:#a3123a;color:var(--ink);background:var(--ground);min-height:100%;padding:8px;font:14px/1.45 system-ui,sans-serif;container-type:inline-size}@media (prefers-color-scheme:dark){.unembed{--ground:#161615;--panel:#1f1f1e;--ink:#ececea;--dim:#b0b0ab;--line:#44443f;--accent:#fdb863;--chosen:#5a3a12;--hover:#2a2a28;--positive:#fdb863;--positive-ink:#fdb863;--negative-ink:#c9c0ea;--negative:#b9aee0;--error:#ff9db4;--lightningcss-light: ;--lightningcss-dark:initial;color-scheme:dark}}body:has(>#unembed>div>.unembed){--lightningcss-light:initial;--lightningcss-dark: ;color-scheme:light dark;background:canvas;max-width:none;margin:0;padding:0}@media (prefers-color-scheme:dark){body:has(>#unembed>div>.unembed){--lightningcss-light: ;--lightningcss-dark:initial}}.unembed *{box-sizing:border-box}.unembed .panels{grid-template-columns:minmax(0,1fr);gap:8px;display:grid}.unembed .panels>div:not(.column):empty{display:none}.unembed .column{align-content:start;gap:8px;min-width:0;display:grid}@container (width>=820px){.unembed .panels{grid-template-columns:minmax(0,1fr) minmax(0,1.25fr)}.unembed .panel-sentence,.unembed .panel-strip,.unembed .panel-compare,.unembed .knowledge-place{grid-column:1/-1}.unembed .column-middle{grid-row:span 2}}@container (width>=1250px){.unembed .panels{grid-template-columns:minmax(0,1fr) minmax(0,1.4fr) minmax(0,1fr)}.unembed .column-middle{grid-row:auto}.unembed .panels>.flow-place{grid-column:span 2}}@container (width>=2400px){.unembed{font-size:16px}}@media (prefers-reduced-motion:reduce){.unembed *{scroll-behavior:auto}}.unembed h1,.unembed h2,.unembed h3{margin:0 0 4px;font-size:1.05em}.unembed h1{font-size:1.25em}.unembed h3{margin-top:12px}.unembed .note{color:var(--dim);overflow-wrap:anywhere;margin:2px 0 6px}.unembed .error{color:var(--error);white-space:pre-wrap;overflow-wrap:anywhere}.unembed .stale{opacity:.6}.unembed .title,.unembed .fields,.unembed .controls,.unembed .window{flex-wrap:wrap;align-items:center;gap:6px 10px;margin:0 0 6px;display:flex}.unembed input,.unembed textarea,.unembed select,.unembed button{font:inherit;color:var(--ink);background:var(--panel);border:1px solid var(--dim);border-radius:4px;max-width:100%;padding:3px 8px}.unembed input[type=range]{accent-color:var(--accent);padding:0}.unembed textarea{resize:vertical;width:100%}.unembed input[type=text],.unembed input[type=search]{width:9em}.unembed button{cursor:pointer}.unembed button:hover:not(:disabled){background:var(--hover)}.unembed button:disabled{cursor:default;color:var(--dim);border-style:dashed}.unembed button[aria-pressed=true]{background:var(--chosen);border-color:var(--accent);font-weight:600}.unembed :focus-visible{outline:2px solid var(--accent);outline-offset:1px}.unembed kbd{border:1px solid var(--line);border-radius:3px;padding:0 4px;font:.85em ui-monospace,monospace}.unembed .hidden{clip-path:inset(50%);white-space:nowrap;width:1px;height:1px;position:absolute;overflow:hidden}.unembed .small,.unembed .index{color:var(--dim);font-size:.85em}.unembed .choosable{cursor:pointer}.unembed dl{margin:0 0 8px}.unembed dl>div{grid-template-columns:8.5em minmax(0,1fr);padding:1px 0;display:grid}.unembed dt{color:var(--dim)}.unembed dd{margin:0}.unembed fieldset{border:1px solid var(--line);border-radius:4px;min-width:0;margin:0}.unembed .axis{stroke:var(--dim)}.unembed span.positive.number{color:var(--positive-ink)}.unembed span.negative.number{color:var(--negative-ink)}.unembed .bar{background:linear-gradient(var(--line), var(--line)) center / 1px 100% no-repeat;border-left:1px solid #0000;min-width:60px;height:.8em;display:block;position:relative}.unembed .bar span{position:absolute;top:0;bottom:0}.unembed .bar .positive{background:var(--positive);left:50%}.unembed .bar .negative{background:repeating-linear-gradient(45deg, var(--negative) 0 3px, transparent 3px 5px);right:50%}.unembed .grid{max-height:70vh;overflow:auto}.unembed .grid canvas{color:var(--ink);display:block}.unembed .told{min-height:2.9em;color:var(--dim);overflow-wrap:anywhere;margin:2px 0}.unembed .outcome{font-variant-numeric:tabular-nums}.unembed .panel{background:var(--panel);border:1px solid var(--line);border-radius:6px;min-width:0;padding:8px 12px}.unembed .side-by-side{grid-template-columns:repeat(auto-fit,minmax(min(210px,100%),1fr));gap:8px;display:grid}.unembed .side-by-side.wide{grid-template-columns:repeat(auto-fit,minmax(min(420px,100%),1fr));gap:8px 24px}.unembed .side-by-side>*{min-width:0}.unembed .part{padding:0 6px}.unembed table{border-collapse:collapse;width:100%}.unembed caption{text-align:left;color:var(--dim)}.unembed th,.unembed td{text-align:left;vertical-align:baseline;padding:2px 6px;font-weight:400}.unembed thead th{color:var(--dim);border-bottom:1px solid var(--line)}.unembed .number{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}.unembed .scroll{max-width:100%;position:relative;overflow:auto}.unembed .twin .scroll{max-height:24em}.unembed .others td,.unembed .sum td,.unembed .others th{color:var(--dim)}.unembed .sum td{border-bottom:1px solid var(--line)}.unembed .total>*{border-top:2px solid var(--line);font-weight:600}.unembed .total td[colspan]{font-weight:400}@container (width<=520px){.unembed .wide-only{display:none}.unembed th,.unembed td{padding:2px 3px}}.unembed .big{font-variant-numeric:tabular-nums;margin:4px 0;font-size:1.3em}.unembed .scale{width:100%;max-width:420px}.unembed .band{fill:var(--line)}.unembed .move{stroke:var(--accent);stroke-width:2px}.unembed .before{fill:var(--panel);stroke:var(--accent);stroke-width:2px}.unembed .after{fill:var(--accent)}.unembed .token-text{white-space:pre-wrap;overflow-wrap:anywhere}.unembed .chip{border:1px solid var(--line);border-radius:4px;margin:1px 2px 1px 0;padding:0 5px;display:inline-block}.unembed .strip{flex-wrap:wrap;gap:4px;max-height:60vh;margin:4px 0;padding:3px;list-style:none;display:flex;overflow:auto}.unembed .token{justify-items:center;padding:1px 8px;display:grid}.unembed .token[style] .index{color:inherit}.unembed .token[aria-pressed=true]{box-shadow:0 0 0 2px var(--accent)}.unembed .multiples{grid-template-columns:repeat(auto-fill,minmax(min(140px,100%),1fr));gap:8px;margin:0;padding:0;list-style:none;display:grid}.unembed .strips{width:100%;height:34px;margin-top:2px;display:block}.unembed .columns{width:auto}.unembed .columns td{text-align:center}.unembed .columns .token-text{white-space:pre}.unembed .columns .differs{background:var(--chosen)}.unembed .columns .alone{outline:1px dashed var(--accent);outline-offset:-2px}.unembed .neurons{flex-wrap:wrap;gap:3px;display:inline-flex}.unembed .fact label,.unembed .fact select{max-width:100%}.unembed .fact fieldset{margin-top:8px}.unembed .stacked textarea{display:block}.unembed .flow text{fill:var(--ink);text-anchor:middle;font-size:11px}.unembed .flow .column{fill:var(--dim)}.unembed .flow .spot rect{fill:var(--panel);stroke:var(--dim)}.unembed .flow .spot:is(.hovered,.choosable:hover) rect{fill:var(--hover)}.unembed .flow .spot.choosable[aria-pressed=true]>rect:first-child{fill:var(--chosen);stroke:var(--accent);stroke-width:2px}.unembed .edge{fill:none;opacity:.75}.unembed .edge.positive{stroke:var(--positive)}.unembed .edge.negative{stroke:var(--negative);stroke-dasharray:5 3}.unembed .panel-header{margin-bottom:8px}.unembed .title .find{margin-left:auto}.unembed .fields{align-items:end}.unembed .fields label{color:var(--dim);gap:2px;min-width:0;display:grid}.unembed .fields label.wide{flex:300px}@container (width<=520px){.unembed .title .find{margin-left:0}}.unembed dialog{color:var(--ink);background:var(--panel);border:1px solid var(--dim);border-radius:6px;max-width:min(520px,92vw)}.unembed .layers{width:100%;max-width:640px}.unembed .layers .positive{fill:var(--positive)}.unembed .layers .negative{fill:var(--negative)}.unembed .layers text{fill:var(--dim);text-anchor:middle;font-size:8px}.unembed .ledger .name{white-space:nowrap;text-overflow:ellipsis;max-width:17em;overflow:hidden}.unembed .ledger .wide-only{width:30%}.unembed .ledger .twisty{cursor:pointer;width:1.2em;display:inline-block}.unembed .ledger .level-2 .name{padding-left:1.6em}.unembed .ledger .level-3 .name{padding-left:3.2em}.unembed .ledger tr:hover,.unembed .ledger tr.hovered{background:var(--hover)}.unembed .ledger tr[aria-selected=true]{background:var(--chosen)}.unembed .pins{gap:4px;margin:0 0 6px;padding:0;list-style:none;display:grid}.unembed .pins li{align-items:center;gap:6px;display:flex}.unembed .predictions td:last-child{width:45%}.unembed .amount{min-width:50px;height:.8em;display:block}.unembed .amount span{background:var(--positive);height:100%;display:block}.unembed .sentence{overflow-wrap:anywhere;max-width:75ch;min-height:9em;margin:4px 0;font-size:1.5em;line-height:1.5}@container (width>=820px){.unembed .sentence{min-height:4.5em}}.unembed .said-token,.unembed .said-word{font-weight:650}.unembed .said-number{font-variant-numeric:tabular-nums;color:var(--accent);font-weight:650}.unembed .sentence .part{font-weight:650}.unembed .waiting{color:var(--dim);font-size:.7em}.unembed .panel-strongest table{min-width:460px}.unembed .panel-strongest .shown-for{font-weight:400;display:block}.unembed .panel-strongest td:last-child{min-width:96px}.unembed .panel-strongest .outcome>span:first-child,.unembed .panel-strongest .verdict>span:first-child{white-space:nowrap}.unembed .token.found{outline:2px dashed var(--accent);outline-offset:1px}.unembed .panel-strip .note{min-height:4.4em}@container (width>=820px){.unembed .panel-strip .note{min-height:2.9em}}@container (width>=1250px){.unembed .panel-strip .note{min-height:1.45em}}.unembed .sign{text-align:center;white-space:nowrap;width:6ch;font-size:.85em}.unembed .role{display:block}";
// src/main.tsx
function Oo(e, t, n) {
	ko(n);
	let r = document.createElement("div");
	return n.replaceChildren(r), pe(/* @__PURE__ */ X(To, { page: new bn(e, t) }), r), () => pe(null, r);
}
function ko(e) {
	let t = e.getRootNode(), n = t instanceof ShadowRoot ? t : document.head;
	if (n.querySelector("style[data-unembed]")) return;
	let r = document.createElement("style");
	r.dataset.unembed = "", r.textContent = Do, n.append(r);
}
function Ao({ model: e, el: t }) {
	let n = e.get("data");
	return Oo({
		...n,
		host: "widget"
	}, n.live === !1 ? Ei(n.results) : Di(e), t);
}
var jo = document.getElementById("unembed"), Mo = document.getElementById("unembed-data")?.textContent;
if (jo && Mo) {
	let e = JSON.parse(Mo);
	Oo(e, e.host === "report" ? Ei(e.results) : yi(e.token), jo);
}
var No = { render: Ao };
export { No as default };
