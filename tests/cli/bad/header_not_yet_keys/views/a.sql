/* weir
change_feed: true
require: {weir: 2}
was: b
enforce: [x]
*/
SELECT day, n FROM orders
