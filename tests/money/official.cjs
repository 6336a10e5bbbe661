// The gateway's official client for Node.js, pointed at the double. It checks every answer's signature
// and shape.
//
// official.cjs talk BASE_URL WEBHOOK_URL   calls everything once, prints what came as JSON
// official.cjs verify                      a webhook's body a line, prints the order code or "refused"

const { createInterface } = require("node:readline");
const { isDeepStrictEqual } = require("node:util");
const { APIError, PayOS, WebhookError } = require("@payos/node");

// Its keys are in the environment.
const client = (baseURL = "http://127.0.0.1:9") => new PayOS({ baseURL, maxRetries: 0 });

/** The gateway's own code of what it refuses. */
async function refusal(call) {
    try {
        await call;
        return null;
    } catch (error) {
        if (error instanceof APIError) return error.code;
        throw error;
    }
}

async function talk(baseURL, webhookUrl) {
    const payos = client(baseURL);
    const links = payos.paymentRequests;
    const wanted = {
        orderCode: 20261126,
        amount: 250000,
        description: "GH1234567",
        cancelUrl: "http://127.0.0.1/pay/1",
        returnUrl: "http://127.0.0.1/pay/1",
        expiredAt: 4102444800,
    };
    const made = await links.create(wanted);
    const again = await refusal(links.create(wanted));
    const unknown = await refusal(links.get(404));
    const byCode = await links.get(20261126);
    const byId = await links.get(made.paymentLinkId);
    const cancelled = await links.cancel(20261126, "changed my mind");
    const confirmed = await payos.webhooks.confirm(webhookUrl);
    console.log(JSON.stringify({
        made: made.status,
        again,
        unknown,
        byCode: [byCode.id, byCode.status, byCode.amountPaid],
        same: isDeepStrictEqual(byId, byCode),
        cancelled: cancelled.status,
        confirmed: confirmed.webhookUrl,
    }));
}

async function verify() {
    const payos = client();
    for await (const body of createInterface({ input: process.stdin })) {
        try {
            console.log((await payos.webhooks.verify(JSON.parse(body))).orderCode);
        } catch (error) {
            if (!(error instanceof WebhookError)) throw error;
            console.log("refused");
        }
    }
}

const [what, ...rest] = process.argv.slice(2);
(what === "talk" ? talk(...rest) : verify()).catch((error) => {
    console.error(error);
    process.exitCode = 1;
});
