"""Subscriptions of this archive's reader, and their terms."""

from __future__ import annotations

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from metadata.models.base import Base, Id, OptionalMoment, OptionalReference, Reference


class Subscription(Base):
    """One subscription. Prices are whole numbers in the source's unit, durations are days."""

    __tablename__ = "subscriptions"

    id: Mapped[Id]
    accountId: Mapped[Reference] = mapped_column(ForeignKey("accounts.id"), index=True)
    subscriptionTierId: Mapped[OptionalReference]
    subscriptionTierName: Mapped[str | None]
    subscriptionTierColor: Mapped[str | None]
    planId: Mapped[OptionalReference]
    promoId: Mapped[str | None]
    giftCodeId: Mapped[str | None]
    status: Mapped[int | None] = mapped_column(index=True)
    price: Mapped[int | None]
    renewPrice: Mapped[int | None]
    renewCorrelationId: Mapped[str | None]
    autoRenew: Mapped[int | None]
    billingCycle: Mapped[int | None]
    duration: Mapped[int | None]
    renewDate: Mapped[OptionalMoment]
    renewDatexD: Mapped[OptionalMoment]
    createdAt: Mapped[OptionalMoment]
    updatedAt: Mapped[OptionalMoment]
    endsAt: Mapped[OptionalMoment] = mapped_column(index=True)
    promoPrice: Mapped[int | None]
    promoDuration: Mapped[int | None]
    promoStatus: Mapped[int | None]
    promoStartsAt: Mapped[OptionalMoment]
    promoEndsAt: Mapped[OptionalMoment]
    version: Mapped[int | None]


class SubscriptionPlan(Base):
    """An offer of an account."""

    __tablename__ = "subscription_plans"

    id: Mapped[Id]
    accountId: Mapped[Reference] = mapped_column(ForeignKey("accounts.id"), index=True)
    subscriptionTierId: Mapped[OptionalReference] = mapped_column(index=True)
    billingCycle: Mapped[int | None]
    price: Mapped[int | None]
    useAmounts: Mapped[int | None]


class SubscriptionPromo(Base):
    """A reduced price of a plan."""

    __tablename__ = "subscription_promos"

    id: Mapped[Id]
    planId: Mapped[Reference] = mapped_column(ForeignKey("subscription_plans.id"), index=True)
    status: Mapped[int | None]
    price: Mapped[int | None]
    duration: Mapped[int | None]
    maxUses: Mapped[int | None]
    maxUsesBefore: Mapped[OptionalMoment]
    newSubscribersOnly: Mapped[int | None]
    description: Mapped[str | None]
    startsAt: Mapped[OptionalMoment]
    endsAt: Mapped[OptionalMoment]
