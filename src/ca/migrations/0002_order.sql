-- A second certificate for an order is made only when the first is revoked: found by order.
CREATE INDEX ca_certificate_order ON ca_certificate (order_no, profile);
