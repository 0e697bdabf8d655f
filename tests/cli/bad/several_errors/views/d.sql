SELECT n FROM {{ ref('a') }}
