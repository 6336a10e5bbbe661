-- Answers that were given before orders had forms: an organizer's list goes by the form of the order.
INSERT INTO order_forms (id, rev, body, event_id)
SELECT of, 1, json_object('order', of, 'event', event_id, 'given', json_object(), 'tickets', json_array()), event_id
FROM (
    SELECT DISTINCT json_extract(claimed.body, '$.order_id') AS of, claimed.event_id AS event_id
    FROM ticket_answers JOIN claimed_tickets AS claimed ON claimed.id = ticket_answers.id
)
WHERE true
ON CONFLICT (id) DO NOTHING;
