SELECT * FROM {{ ref('orders') }}
