//! The filter for lists of addresses that kgateway's own image of Envoy has, for an Envoy that has no such module.
//!
//! kgateway's crate `acl` decides; here is only what Envoy calls (its ABI for dynamic modules, version 1.38) and what it is called for.
//! `lab.py` beside this file says how it is built.

use acl::{Acl, Action};
use std::ffi::{c_char, c_void};
use std::net::{IpAddr, SocketAddr};

/// Words of somebody else.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Buffer {
    ptr: *const c_char,
    length: usize,
}

#[repr(C)]
pub struct Header {
    name: Buffer,
    value: Buffer,
}

const SOURCE_ADDRESS: u32 = 24;
const CONTINUE: u32 = 0;
const STOP: u32 = 1;

extern "C" {
    fn envoy_dynamic_module_callback_http_filter_get_attribute_string(filter: *mut c_void, attribute: u32, result: *mut Buffer) -> bool;
    fn envoy_dynamic_module_callback_get_most_specific_route_config(filter: *mut c_void) -> *const c_void;
    fn envoy_dynamic_module_callback_http_send_response(
        filter: *mut c_void,
        status: u32,
        headers: *const Header,
        count: usize,
        body: Buffer,
        details: Buffer,
    );
}

const NOTHING: Buffer = Buffer { ptr: std::ptr::null(), length: 0 };

impl Buffer {
    fn text(&self) -> &str {
        if self.ptr.is_null() {
            return "";
        }
        let bytes = unsafe { std::slice::from_raw_parts(self.ptr.cast::<u8>(), self.length) };
        std::str::from_utf8(bytes).unwrap_or_default()
    }

    fn of(text: &str) -> Self {
        Self { ptr: text.as_ptr().cast(), length: text.len() }
    }
}

fn list(name: Buffer, config: Buffer) -> *const c_void {
    match (name.text(), Acl::from_json(config.text())) {
        ("http-acl", Ok(acl)) => Box::into_raw(Box::new(acl)).cast(),
        (_, _) => std::ptr::null(),
    }
}

fn forget(list: *const c_void) {
    drop(unsafe { Box::from_raw(list.cast_mut().cast::<Acl>()) });
}

#[no_mangle]
pub extern "C" fn envoy_dynamic_module_on_program_init() -> *const c_char {
    c"lab".as_ptr()
}

#[no_mangle]
pub extern "C" fn envoy_dynamic_module_on_http_filter_config_new(_: *mut c_void, name: Buffer, config: Buffer) -> *const c_void {
    list(name, config)
}

#[no_mangle]
pub extern "C" fn envoy_dynamic_module_on_http_filter_config_destroy(config: *const c_void) {
    forget(config);
}

#[no_mangle]
pub extern "C" fn envoy_dynamic_module_on_http_filter_per_route_config_new(name: Buffer, config: Buffer) -> *const c_void {
    list(name, config)
}

#[no_mangle]
pub extern "C" fn envoy_dynamic_module_on_http_filter_per_route_config_destroy(config: *const c_void) {
    forget(config);
}

#[no_mangle]
pub extern "C" fn envoy_dynamic_module_on_http_filter_new(config: *const c_void, _: *mut c_void) -> *const c_void {
    config
}

#[no_mangle]
pub extern "C" fn envoy_dynamic_module_on_http_filter_destroy(_: *const c_void) {}

#[no_mangle]
pub extern "C" fn envoy_dynamic_module_on_http_filter_request_headers(filter: *mut c_void, own: *const c_void, _: bool) -> u32 {
    let of_route = unsafe { envoy_dynamic_module_callback_get_most_specific_route_config(filter) };
    let list = unsafe { &*(if of_route.is_null() { own } else { of_route }).cast::<Acl>() };
    let mut address = NOTHING;
    unsafe { envoy_dynamic_module_callback_http_filter_get_attribute_string(filter, SOURCE_ADDRESS, &mut address) };
    let address = address.text();
    let address = address.parse::<SocketAddr>().map(|socket| socket.ip()).or_else(|_| address.parse::<IpAddr>());
    if address.is_ok_and(|address| list.evaluate(address).action == Action::Allow) {
        return CONTINUE;
    }
    let told = list.deny_response();
    let headers: Vec<_> = told.headers.iter().map(|header| Header { name: Buffer::of(&header.name), value: Buffer::of(&header.value) }).collect();
    let status = u32::from(told.status_code);
    unsafe { envoy_dynamic_module_callback_http_send_response(filter, status, headers.as_ptr(), headers.len(), NOTHING, NOTHING) };
    STOP
}

/// What Envoy wants to be there, and where nothing happens.
macro_rules! unmoved {
    ($($name:ident;)*) => {
        $(
            #[no_mangle]
            pub extern "C" fn $name(_: *mut c_void, _: *const c_void) -> u32 {
                CONTINUE
            }
        )*
    };
}

// The arguments behind these two, where there are some, are not looked at.
unmoved! {
    envoy_dynamic_module_on_http_filter_request_body;
    envoy_dynamic_module_on_http_filter_request_trailers;
    envoy_dynamic_module_on_http_filter_response_headers;
    envoy_dynamic_module_on_http_filter_response_body;
    envoy_dynamic_module_on_http_filter_response_trailers;
    envoy_dynamic_module_on_http_filter_stream_complete;
    envoy_dynamic_module_on_http_filter_scheduled;
    envoy_dynamic_module_on_http_filter_downstream_above_write_buffer_high_watermark;
    envoy_dynamic_module_on_http_filter_downstream_below_write_buffer_low_watermark;
    envoy_dynamic_module_on_http_filter_http_callout_done;
    envoy_dynamic_module_on_http_filter_http_stream_headers;
    envoy_dynamic_module_on_http_filter_http_stream_data;
    envoy_dynamic_module_on_http_filter_http_stream_trailers;
    envoy_dynamic_module_on_http_filter_http_stream_complete;
    envoy_dynamic_module_on_http_filter_http_stream_reset;
}
