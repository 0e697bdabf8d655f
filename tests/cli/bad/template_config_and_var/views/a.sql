{{ config(materialized='table') }}
SELECT day FROM orders
WHERE n > {{ var("least") }}
{% if x %} AND true {% endif %}
