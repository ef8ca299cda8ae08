import "reflect-metadata";
import { GuardsConsumer } from "@nestjs/core/guards/guards-consumer.js";
import { CASES } from "../cases.mjs";

const dataOf = (context) => context.switchToWs().getData();
const userOf = (context) => context.switchToWs().getClient().user;

class AuthenticatedGuard {
  canActivate(context) {
    return userOf(context) !== null;
  }
}
class OwnerOrAdminGuard {
  canActivate(context) {
    const user = userOf(context);
    return dataOf(context).ownerId === user.id || user.role === "admin";
  }
}
class NotBannedGuard {
  canActivate(context) {
    return !userOf(context).banned;
  }
}
class Gateway {
  edit() {}
}

export function nest() {
  const consumer = new GuardsConsumer();
  const guards = [new AuthenticatedGuard(), new OwnerOrAdminGuard(), new NotBannedGuard()];
  const gateway = new Gateway();
  return [
    {
      name: "Nest guards",
      note: "three guards through Nest's GuardsConsumer; `or` lies inside a guard",
      isAsync: true,
      ask(i) {
        const { scope, payload } = CASES[i & 7];
        return consumer.tryActivate(guards, [scope, payload], gateway, gateway.edit, "ws");
      },
    },
  ];
}
