'use strict';
// Customers of the shop: one request a second, of which some go wrong in one of three ways. usage: node customers.js URL
const [url] = process.argv.slice(2);
const visits = ['/order?article=tea&count=2', '/order?article=coffee', '/reserve?article=tea', '/pay?card=4711', '/order?article=cocoa', '/reserve?article=cocoa', '/pay'];

setInterval(async () => {
    const visit = visits[Math.floor(Math.random() * visits.length)];
    await fetch(url + visit).catch((error) => console.error(error.message));
}, 1000);
